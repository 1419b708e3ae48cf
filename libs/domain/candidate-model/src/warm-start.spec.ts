import { initialiseStack, createRandom, createTable, tableFromValues, Vocabulary } from '@watchnext/learning';
import { featuresOf } from '../test/builders';
import { defaultCandidateConfig, type CandidateModelConfig, towerSizes } from './config';
import type { CandidateTables } from './engine';
import { inputLayout } from './input';
import { CandidateModel, videoVectorsOf } from './model';
import type { CandidateVocabularies } from './vocabularies';
import { warmStart } from './warm-start';

const CONFIG: CandidateModelConfig = {
  ...defaultCandidateConfig({ videoCount: 3, exampleCount: 10 }),
  dimensions: 2,
  searchTokenDimensions: 2,
  countryDimensions: 1,
  deviceDimensions: 1,
  historyEncoder: 'mean',
  exampleAgeKnots: 2,
  hiddenSizes: [3],
};

function parts(
  videoIds: readonly string[],
  countryIds: readonly string[],
  seed: number,
  change: Partial<CandidateModelConfig> = {},
) {
  const config = { ...CONFIG, ...change };
  const random = createRandom(seed);
  const vocabularies: CandidateVocabularies = {
    videos: Vocabulary.fromIds(videoIds),
    searchTokens: Vocabulary.fromIds(['cat']),
    countries: Vocabulary.fromIds(countryIds),
    devices: Vocabulary.fromIds(['tv']),
  };
  const table = ({ rowCount }: Vocabulary, dimensions: number, name: string) =>
    createTable(rowCount, dimensions, random.fork(name), 1);
  const watched = table(vocabularies.videos, config.dimensions, 'watched');
  const tables: CandidateTables = {
    watched,
    searchTokens: table(vocabularies.searchTokens, config.searchTokenDimensions, 'tokens'),
    countries: table(vocabularies.countries, config.countryDimensions, 'countries'),
    devices: table(vocabularies.devices, config.deviceDimensions, 'devices'),
    positions: tableFromValues([0], 1),
    queries: tableFromValues([0], 1),
    output: config.tiedTables ? watched : table(vocabularies.videos, config.dimensions, 'output'),
  };
  const { inputSize } = inputLayout(tables, config);
  const tower = initialiseStack(towerSizes(inputSize, config), random.fork('tower'));
  return { config, vocabularies, tables, tower, windowDays: 7 };
}

const modelOf = ({ config, vocabularies, tables, tower, windowDays }: ReturnType<typeof parts>) =>
  new CandidateModel(config, { days: windowDays }, vocabularies, tables, videoVectorsOf(tables.output, config), tower);
const rowOf = ({ tables, vocabularies }: ReturnType<typeof parts>, table: 'watched' | 'output', videoId: string) => {
  const { values, dimensions } = tables[table];
  const row = vocabularies.videos.indexOf(videoId);
  return [...values.subarray(row * dimensions, (row + 1) * dimensions)];
};

describe('warmStart', () => {
  it.each([true, false])('copies the rows of known ids to their new places, tied tables: %s', (tiedTables) => {
    const before = parts(['a', 'b', 'c'], ['DE', 'FR'], 1, { tiedTables });
    const after = parts(['d', 'c', 'a'], ['FR'], 2, { tiedTables });
    const fresh = rowOf(after, 'watched', 'd');
    const report = warmStart(modelOf(before), after.vocabularies, after.config, after);
    // Beside the videos (in two tables where they are not tied) one token, one country and one device.
    const copiedRows = (tiedTables ? 2 : 4) + 3;
    expect(report).toEqual({ copiedVideos: 2, newVideos: 1, copiedRows, towerCopied: true });
    for (const table of ['watched', 'output'] as const) {
      for (const videoId of ['a', 'c']) expect(rowOf(after, table, videoId)).toEqual(rowOf(before, table, videoId));
      expect([...after.tables[table].values.subarray(0, 2)]).toEqual([0, 0]);
    }
    expect(rowOf(after, 'watched', 'd')).toEqual(fresh);
    expect(after.tables.countries.values[1]).toBe(before.tables.countries.values[2]);
    after.tower.forEach(({ weights, bias }, i) => {
      expect(weights).toEqual(before.tower[i].weights);
      expect(bias).toEqual(before.tower[i].bias);
    });
  });

  it('gives the user vectors of the earlier model where nothing is new', () => {
    const before = parts(['a', 'b', 'c'], ['DE'], 1);
    const after = parts(['c', 'b', 'a'], ['DE'], 2);
    warmStart(modelOf(before), after.vocabularies, after.config, after);
    const features = {
      watchedVideoIds: ['a', 'c'],
      searchTokens: ['cat'],
      country: 'DE',
      device: 'tv',
      loggedIn: true,
      ageYears: 30,
      gender: 1,
    };
    expect(modelOf(after).userVector(features, 0)).toEqual(modelOf(before).userVector(features, 0));
  });

  it.each([true, false])('gives the vectors of the earlier model with a temperature, tied tables: %s', (tiedTables) => {
    const before = parts(['a', 'b', 'c'], ['DE'], 1, { tiedTables, temperature: 0.2 });
    const after = parts(['a', 'b', 'c'], ['DE'], 2, { tiedTables, temperature: 0.2 });
    warmStart(modelOf(before), after.vocabularies, after.config, after);
    const [earlier, later] = [before, after].map((one) => modelOf(one).videoVectors);
    later.forEach((x, i) => expect(x).toBeCloseTo(earlier[i], 6));
  });

  it.each([7.5, 14, 5])(
    'says of an age what the earlier model said, with a window of %p days in place of 7',
    (windowDays) => {
      const change = { exampleAgeKnots: 8, hiddenSizes: [] };
      const before = parts(['a', 'b'], ['DE'], 1, change);
      const after = { ...parts(['a', 'b'], ['DE'], 2, change), windowDays };
      warmStart(modelOf(before), after.vocabularies, after.config, after);
      const features = featuresOf({ watchedVideoIds: ['a'] });
      // Where a new knot lies; between two it is linear, which the earlier course is only where no knot of its own lies between.
      for (let knot = 0; knot < 8; knot++) {
        const ageDays = (knot * windowDays) / 7;
        const [earlier, now] = [before, after].map((one) => modelOf(one).userVector(features, ageDays));
        now.forEach((value, d) => expect(value).toBeCloseTo(earlier[d], 5));
      }
    },
  );

  it('does not share memory with the earlier model', () => {
    const before = parts(['a'], ['DE'], 1);
    const after = parts(['a'], ['DE'], 2);
    const kept = rowOf(before, 'watched', 'a');
    warmStart(modelOf(before), after.vocabularies, after.config, after);
    after.tables.watched.values.fill(9);
    after.tower[0].weights.fill(9);
    expect(rowOf(before, 'watched', 'a')).toEqual(kept);
    expect(before.tower[0].weights).not.toEqual(after.tower[0].weights);
  });

  it.each([
    ['another depth', { hiddenSizes: [3, 3] }],
    ['another width', { hiddenSizes: [4] }],
    ['another pooling', { historyEncoder: 'mean-and-last' }],
    ['other knots', { exampleAgeKnots: 3 }],
    ['more interests', { interests: 2 }],
  ] as const)('begins the tower anew with %s, and keeps the rows', (_, change) => {
    const before = parts(['a'], ['DE'], 1);
    const after = parts(['a'], ['DE'], 2, change);
    const fresh = after.tower[0].weights.slice();
    expect(warmStart(modelOf(before), after.vocabularies, after.config, after)).toMatchObject({
      copiedVideos: 1,
      towerCopied: false,
    });
    expect(after.tower[0].weights).toEqual(fresh);
  });

  it('leaves tables of other dimensions as they are', () => {
    const before = parts(['a'], ['DE'], 1);
    const after = parts(['a'], ['DE'], 2, { dimensions: 3 });
    const fresh = rowOf(after, 'watched', 'a');
    const report = warmStart(modelOf(before), after.vocabularies, after.config, after);
    // The token's, the country's and the device's rows have the dimensions that they had.
    expect(report).toEqual({ copiedVideos: 0, newVideos: 1, copiedRows: 3, towerCopied: false });
    expect(rowOf(after, 'watched', 'a')).toEqual(fresh);
  });
});
