import { createTable, createRandom, tableFromValues, Vocabulary } from '@watchnext/learning';
import { featuresOf } from '../test/builders';
import { defaultCandidateConfig } from './config';
import type { CandidateTables } from './engine';
import { initialPositions } from './history-heads';
import {
  assembleInputs,
  encodeInput,
  inputLayout,
  REAL_NAMES,
  scatterInputGradients,
  type GradientSink,
} from './input';

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
  output: createTable(4, 2, createRandom(1), 1),
};
const LAYOUT = inputLayout(TABLES, 'mean-and-last');

function rowOf(features: Parameters<typeof featuresOf>[0], exampleAgeShare = 0): number[] {
  const out = new Float32Array(LAYOUT.inputSize);
  assembleInputs(LAYOUT, TABLES, encodeInput(featuresOf(features), exampleAgeShare, VOCABULARIES), out);
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

  it('gives age, gender, login and example age as reals in [0, 1], with flags for what is missing', () => {
    const known = groupOf('reals', rowOf({ ageYears: 25, gender: 2, loggedIn: true }, 0.5));
    expect(known).toEqual([0.25, 0, 1, 0, 1, 0.5, 0.25]);
    expect(groupOf('reals', rowOf({}))).toEqual([0, 1, 0.5, 1, 0, 0, 0]);
    expect(groupOf('reals', rowOf({ ageYears: 140, gender: 1 }, 3))).toEqual([1, 0, 0, 0, 0, 1, 1]);
    expect(groupOf('reals', rowOf({ gender: 3 }, -1)).slice(2)).toEqual([0.5, 0, 0, 0, 0]);
    expect(known.length).toBe(REAL_NAMES.length);
  });

  it('has no room for groups whose vocabulary is empty, or for a last watch that the encoder does not use', () => {
    const empty = createTable(1, 5, createRandom(1), 1);
    const layout = inputLayout({ ...TABLES, searchTokens: empty, countries: empty, devices: empty }, 'mean');
    expect(layout.inputSize).toBe(2 + REAL_NAMES.length);
  });
});

describe('the heads of a history', () => {
  // Two places, two heads: all weight on the last watch but e^-1000 of it, and one part in four of the one before.
  const positions = tableFromValues([0, 0, 1000, Math.log(3), 0, 0], 2);
  const tables = { ...TABLES, positions };
  const layout = inputLayout(tables, 'position-heads');
  const headsOf = (watchedVideoIds: string[]) => {
    const out = new Float32Array(layout.inputSize);
    assembleInputs(layout, tables, encodeInput(featuresOf({ watchedVideoIds }), 0, VOCABULARIES), out);
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
    expect(initialPositions(config).rowCount).toBe(1);
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
    const inputs = encodeInput(featuresOf(features), 0, VOCABULARIES);
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
    };
    scatterInputGradients(LAYOUT, TABLES, inputs, gradient, sinks);
    const assembled = rowOf(features).reduce((sum, x, i) => sum + x * gradient[i], 0);
    expect(Math.abs(assembled)).toBeGreaterThan(1);
    expect(scattered).toBeCloseTo(assembled, 4);
  });
});
