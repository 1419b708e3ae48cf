import { createTable, createRandom, tableFromValues, Vocabulary } from '@watchnext/learning';
import { featuresOf } from '../test/builders';
import { defaultCandidateConfig, type HistoryEncoder } from './config';
import type { CandidateTables } from './engine';
import { initialPositions, initialQueries } from './history-heads';
import { assembleInputs, encodeInput, inputLayout, scatterInputGradients, type GradientSink } from './input';
import { COUNT_REALS, PROFILE_REALS } from './reals';

const VOCABULARIES = {
  videos: Vocabulary.fromIds(['a', 'b', 'c']),
  searchTokens: Vocabulary.fromIds(['cat', 'dog']),
  countries: Vocabulary.fromIds(['AT']),
  devices: Vocabulary.fromIds(['tv', 'phone']),
};
const TABLES: CandidateTables = {
  watched: tableFromValues([0, 0, 1, 2, 4, 8, 16, 32], 2),
  searchTokens: tableFromValues([0, 3, 5], 1),
  countries: tableFromValues([0, 7], 1),
  devices: tableFromValues([0, -1, -2], 1),
  positions: tableFromValues([0], 1),
  queries: tableFromValues([0], 1),
  output: createTable(4, 2, createRandom(1), 1),
};
const inputConfig = (historyEncoder: HistoryEncoder) => ({ historyEncoder, exampleAgeKnots: 3 });
const CONFIG = inputConfig('mean-and-last');
const LAYOUT = inputLayout(TABLES, CONFIG);

function rowOf(features: Parameters<typeof featuresOf>[0], exampleAgeShare = 0): number[] {
  const out = new Float32Array(LAYOUT.inputSize);
  assembleInputs(LAYOUT, TABLES, encodeInput(featuresOf(features), exampleAgeShare, VOCABULARIES, CONFIG), out);
  return [...out];
}
const groupOf = (
  name: keyof typeof LAYOUT & ('historyMean' | 'historyLast' | 'searchTokens' | 'country' | 'device' | 'reals'),
  row: number[],
) => row.slice(LAYOUT[name].from, LAYOUT[name].from + LAYOUT[name].width);

describe('the input row', () => {
  it('averages the history and gives the last watch an input of its own', () => {
    const row = rowOf({ watchedVideoIds: ['c', 'a', 'a', 'b'] });
    expect(groupOf('historyMean', row)).toEqual([22 / 4, 44 / 4]);
    expect(groupOf('historyLast', row)).toEqual([4, 8]);
  });

  it('passes over videos out of vocabulary, also as the last watch', () => {
    const row = rowOf({ watchedVideoIds: ['new', 'b', 'c', 'newer'] });
    expect(groupOf('historyMean', row)).toEqual([10, 20]);
    expect(groupOf('historyLast', row)).toEqual([16, 32]);
  });

  it('is zero where nothing is known', () => {
    const row = rowOf({ watchedVideoIds: ['new'], searchTokens: ['bird'], country: 'XX' });
    expect(row.slice(0, LAYOUT.reals.from).every((x) => x === 0)).toBe(true);
  });

  it('averages search tokens and looks country and device up', () => {
    const row = rowOf({ searchTokens: ['cat', 'dog'], country: 'AT', device: 'phone' });
    expect([groupOf('searchTokens', row), groupOf('country', row), groupOf('device', row)]).toEqual([[4], [7], [-2]]);
  });

  it('gives age, gender and login as reals in [0, 1], with flags for what is missing', () => {
    const realsOf = (features: Parameters<typeof featuresOf>[0]) => groupOf('reals', rowOf(features)).slice(0, 5);
    expect(realsOf({ ageYears: 25, gender: 2, loggedIn: true })).toEqual([0.25, 0, 1, 0, 1]);
    expect(realsOf({})).toEqual([0, 1, 0.5, 1, 0]);
    expect(realsOf({ ageYears: 140, gender: 1 })).toEqual([1, 0, 0, 0, 0]);
    expect(realsOf({ gender: 3 }).slice(2, 4)).toEqual([0.5, 0]);
  });

  it.each([
    [0, [1, 0, 0]],
    [0.125, [0.75, 0.25, 0]],
    [0.5, [0, 1, 0]],
    [1, [0, 0, 1]],
    [-0.1, [1, 0, 0]],
    [3, [0, 0, 1]],
  ])('gives an example age of %p of the window as the two knots beside it: %p', (share, hats) => {
    expect(groupOf('reals', rowOf({}, share)).slice(-3)).toEqual(hats);
  });

  it('has no room for groups whose vocabulary is empty, or for a last watch that the encoder does not use', () => {
    const empty = createTable(1, 5, createRandom(1), 1);
    const layout = inputLayout(
      { ...TABLES, searchTokens: empty, countries: empty, devices: empty },
      inputConfig('mean'),
    );
    expect(layout.inputSize).toBe(2 + PROFILE_REALS.length + COUNT_REALS.length + 3);
  });
});

describe('the heads of a history', () => {
  // Two places, two heads: all weight on the last watch but e^-1000 of it, and one part in four of the one before.
  const positions = tableFromValues([0, 0, 1000, Math.log(3), 0, 0], 2);
  const tables = { ...TABLES, positions };
  const layout = inputLayout(tables, inputConfig('position-heads'));
  const headsOf = (watchedVideoIds: string[]) => {
    const out = new Float32Array(layout.inputSize);
    assembleInputs(layout, tables, encodeInput(featuresOf({ watchedVideoIds }), 0, VOCABULARIES, CONFIG), out);
    const { from, width } = layout.historyHeads;
    return [...out.subarray(from, from + width)];
  };

  it('are averages weighted by place, in the stead of the mean', () => {
    expect(layout.historyMean.width).toBe(0);
    expect(layout.historyLast.width).toBe(2);
    const [a, b] = [
      [1, 2],
      [4, 8],
    ];
    expect(headsOf(['a', 'b'])).toEqual([...b, (a[0] + 3 * b[0]) / 4, (a[1] + 3 * b[1]) / 4].map(Math.fround));
  });

  it('see as many watches as there are places, the newest, and are zero without any', () => {
    expect(headsOf(['c', 'a', 'new', 'b'])).toEqual(headsOf(['a', 'b']));
    expect(headsOf(['new', 'b'])).toEqual([4, 8, 4, 8]);
    expect(headsOf([])).toEqual([0, 0, 0, 0]);
  });

  it('begin as the plain mean and ever shorter memories', () => {
    const config = defaultCandidateConfig({ videoCount: 3, exampleCount: 3 });
    const begun = initialPositions({ ...config, historyEncoder: 'position-heads', historyHeads: 3 });
    const weightOfLast = [0, 1, 2].map((head) => {
      const logits = Array.from({ length: 50 }, (_, place) => begun.values[(place + 1) * 3 + head]);
      return 1 / logits.reduce((sum, logit) => sum + Math.exp(logit - logits[0]), 0);
    });
    expect(weightOfLast[0]).toBeCloseTo(1 / 50);
    expect(weightOfLast[1]).toBeGreaterThan(weightOfLast[0]);
    expect(weightOfLast[2]).toBeGreaterThan(weightOfLast[1]);
    expect(initialPositions({ ...config, historyEncoder: 'mean' }).rowCount).toBe(1);
  });

  it('ask with the last watch, along the dimensions that each head has learned', () => {
    // The first head weighs by place alone, the second by the product of first dimensions: 1·1 and 1·4 · log(3)/3.
    const queried = { ...TABLES, positions: tableFromValues(new Float32Array(6), 2) };
    const queries = tableFromValues([0, 0, 0, 0, Math.log(3) / 3, 0], 2);
    const layoutOfQueries = inputLayout({ ...queried, queries }, inputConfig('query-heads'));
    const out = new Float32Array(layoutOfQueries.inputSize);
    const inputs = encodeInput(featuresOf({ watchedVideoIds: ['b', 'a'] }), 0, VOCABULARIES, CONFIG);
    assembleInputs(layoutOfQueries, { ...queried, queries }, inputs, out);
    const expected = [2.5, 5, (1 + 3 * 4) / 4, (2 + 3 * 8) / 4];
    expected.forEach((value, i) => expect(out[i]).toBeCloseTo(value, 5));
  });

  it('ask nothing to begin with', () => {
    const config = { ...defaultCandidateConfig({ videoCount: 3, exampleCount: 3 }), historyHeads: 3 };
    expect(initialQueries({ ...config, historyEncoder: 'query-heads' }).values).toEqual(
      new Float32Array(4 * config.dimensions),
    );
    expect(initialQueries({ ...config, historyEncoder: 'position-heads' }).rowCount).toBe(1);
  });
});

describe('scatterInputGradients', () => {
  it('is the transpose of assembleInputs: ⟨gradient, row(tables)⟩ = ⟨scattered gradient, tables⟩', () => {
    const features = {
      watchedVideoIds: ['c', 'a', 'a', 'new', 'b'],
      searchTokens: ['cat', 'dog'],
      country: 'AT',
      device: 'tv',
    };
    const inputs = encodeInput(featuresOf(features), 0, VOCABULARIES, CONFIG);
    const random = createRandom(3);
    const gradient = Float32Array.from({ length: LAYOUT.inputSize }, () => random.gaussian());
    gradient.fill(0, LAYOUT.reals.from);
    let scattered = 0;
    const sinkOf = (name: keyof CandidateTables): GradientSink => ({
      add: (row, gradients, offset, scale) => {
        const { values, dimensions } = TABLES[name];
        for (let d = 0; d < dimensions; d++) scattered += scale * gradients[offset + d] * values[row * dimensions + d];
      },
    });
    const sinks = {
      watched: sinkOf('watched'),
      searchTokens: sinkOf('searchTokens'),
      countries: sinkOf('countries'),
      devices: sinkOf('devices'),
      positions: sinkOf('positions'),
      queries: sinkOf('queries'),
    };
    scatterInputGradients(LAYOUT, TABLES, inputs, gradient, sinks);
    const assembled = rowOf(features).reduce((sum, x, i) => sum + x * gradient[i], 0);
    expect(Math.abs(assembled)).toBeGreaterThan(1);
    expect(scattered).toBeCloseTo(assembled, 4);
  });
});
