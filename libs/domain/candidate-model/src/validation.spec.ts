import { initialiseStack, createRandom, createTable, tableFromValues, Vocabulary } from '@watchnext/learning';
import { exampleOf } from '../test/builders';
import { defaultCandidateConfig } from './config';
import { inputLayout } from './input';
import { CandidateModel } from './model';
import { validationRecall, validationStride } from './validation';

/** One dimension, u = 1 for everyone: the videos rank by their vector, by default a first. */
function rankingModel(vectors = [4, 3, 3, 1]): CandidateModel {
  const config = { ...defaultCandidateConfig({ videoCount: 4, exampleCount: 4 }), dimensions: 1, hiddenSizes: [] };
  const none = Vocabulary.fromIds([]);
  const videos = Vocabulary.fromIds(['a', 'b', 'c', 'd']);
  const empty = createTable(1, 1, createRandom(1), 1);
  const tables = {
    watched: createTable(5, 1, createRandom(1), 1),
    searchTokens: empty,
    countries: empty,
    devices: empty,
    positions: empty,
    queries: empty,
    output: tableFromValues([0, ...vectors], 1),
  };
  const tower = initialiseStack([inputLayout(tables, config).inputSize, 1], createRandom(1));
  tower[0].weights.fill(0);
  tower[0].bias.fill(1);
  return new CandidateModel(
    config,
    { days: 1 },
    { videos, searchTokens: none, countries: none, devices: none },
    tables,
    tables.output.values.subarray(tables.output.dimensions),
    tower,
  );
}

const recall = (k: number, ...examples: ReturnType<typeof exampleOf>[]) =>
  validationRecall(rankingModel(), examples, 0, k);

describe('validationRecall', () => {
  it('is the share of labels among the k best, ties counting against them', async () => {
    expect(await recall(1, exampleOf('x', 'a', 0), exampleOf('x', 'd', 0))).toBe(0.5);
    expect(await recall(2, exampleOf('x', 'b', 0))).toBe(0);
    expect(await recall(3, exampleOf('x', 'b', 0))).toBe(1);
  });

  it('passes over what the user just watched, but not a label that is watched again', async () => {
    expect(await recall(1, exampleOf('x', 'd', 0, { watchedVideoIds: ['a', 'b', 'c'] }))).toBe(1);
    expect(await recall(1, exampleOf('x', 'a', 0, { watchedVideoIds: ['a'] }))).toBe(1);
  });

  it('counts a label out of vocabulary as missed', async () => {
    expect(await recall(4, exampleOf('x', 'new', 0), exampleOf('x', 'd', 0))).toBe(0.5);
  });

  it('counts a label without a score as missed: a model of NaN finds nothing', async () => {
    const label = exampleOf('x', 'a', 0);
    expect(await validationRecall(rankingModel([NaN, NaN, NaN, NaN]), [label], 0, 4)).toBe(0);
    expect(await validationRecall(rankingModel([NaN, 3, 3, 1]), [label, exampleOf('x', 'd', 0)], 0, 4)).toBe(0.5);
  });
});

describe('validationStride', () => {
  it.each([
    ['few examples of a large catalogue', 3_999, 64e6, 1],
    ['many of a small one', 100_000, 20_000, 1],
    ['MovieTweetings, leave one out', 4_692, 647_360, 2],
    ['KuaiRand', 8_550, 575_488, 3],
    ['24,000 videos', 20_000, 1.7e6, 10],
    ['a million', 20_000, 64e6, 10],
  ])('of %s', (_, exampleCount, cost, stride) => expect(validationStride(exampleCount, cost)).toBe(stride));
});
