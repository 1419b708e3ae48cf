import type { CandidateExample } from '@watchnext/features';
import {
  candidateForms,
  type CandidateModelConfig,
  candidateSettings,
  checkConfig,
  dataSizeOf,
  type DataSize,
  defaultCandidateConfig,
} from './config';

describe('defaultCandidateConfig', () => {
  it.each([
    { videoCount: 1, exampleCount: 1 },
    { videoCount: 300, exampleCount: 5_000 },
    { videoCount: 7_583, exampleCount: 80_000 },
    { videoCount: 1_000_000, exampleCount: 100_000_000 },
  ])('is a valid configuration for %p', (size) => {
    expect(() => checkConfig(defaultCandidateConfig(size))).not.toThrow();
  });

  it('does more epochs in smaller batches on less data', () => {
    const small = defaultCandidateConfig({ videoCount: 300, exampleCount: 5_000 });
    const large = defaultCandidateConfig({ videoCount: 1_000_000, exampleCount: 100_000_000 });
    expect(small.epochCount).toBeGreaterThan(large.epochCount);
    expect(small.batchSize).toBeLessThan(large.batchSize);
  });
});

describe('the defaults from 600 users to a million', () => {
  /** The small simulated world, KuaiRand-Pure, MovieTweetings, and logs of a hundred thousand and a million users. */
  const SIZES = [
    { videoCount: 677, exampleCount: 7_780 },
    { videoCount: 3_852, exampleCount: 43_646 },
    { videoCount: 10_300, exampleCount: 95_000 },
    { videoCount: 100_000, exampleCount: 5_000_000 },
    { videoCount: 1_000_000, exampleCount: 100_000_000 },
  ];
  const configs = SIZES.map(defaultCandidateConfig);
  const valuesOf = (of: (config: CandidateModelConfig) => unknown) => configs.map(of);

  it('follow the data in what its size decides: width, depth, batches, epochs', () => {
    expect(valuesOf(({ dimensions }) => dimensions)).toEqual([32, 64, 64, 64, 64]);
    expect(valuesOf(({ hiddenSizes }) => hiddenSizes)).toEqual([[128], [128], [128], [256, 128], [256, 128]]);
    expect(valuesOf(({ batchSize }) => batchSize)).toEqual([128, 512, 512, 512, 512]);
    expect(valuesOf(({ epochCount }) => epochCount)).toEqual([17, 12, 6, 4, 1]);
    expect(valuesOf(({ patienceEpochs }) => patienceEpochs)).toEqual([4, 3, 2, 2, 2]);
  });

  it('take hundreds of steps at the least, and no more examples than the budget but for one epoch', () => {
    SIZES.forEach(({ exampleCount }, i) => {
      const { epochCount, batchSize } = configs[i];
      expect(epochCount * Math.ceil(exampleCount / batchSize)).toBeGreaterThan(300);
      expect((epochCount - 1) * exampleCount).toBeLessThan(20_000_000);
    });
  });

  it('take more of each user, and more epochs, of a dense log: of 6,000 users with 164 watches each of 3,400 videos', () => {
    const size = { videoCount: 3_416, userCount: 6_040, exampleCount: 988_000 };
    expect(defaultCandidateConfig(size)).toMatchObject({
      examplesPerUserPerEpoch: 164,
      epochCount: 21,
      patienceEpochs: 5,
    });
    expect(defaultCandidateConfig({ ...size, userCount: 60_400 })).toMatchObject({ examplesPerUserPerEpoch: 50 });
  });

  it('leave a short training after two epochs that are no better, and a long one after a quarter of it', () => {
    const patienceOf = (size: DataSize) => candidateForms(size).map(({ patienceEpochs }) => patienceEpochs);
    expect(patienceOf({ videoCount: 10_000, exampleCount: 100_000 })).toEqual([2]);
    expect(patienceOf({ videoCount: 1_200, userCount: 2_100, exampleCount: 297_000 })).toEqual([6]);
    expect(patienceOf({ videoCount: 10_300, exampleCount: 95_000 })).toEqual([2, 2]);
  });

  it('let a log of few steps in an epoch have more epochs, and so a log of many examples for each video', () => {
    const epochsOf = (size: DataSize) => defaultCandidateConfig(size).epochCount;
    // Ten users; 235 of MovieLens 100K; all 943 of it.
    expect(epochsOf({ videoCount: 30, exampleCount: 100 })).toBe(24);
    expect(epochsOf({ videoCount: 1_481, userCount: 235, exampleCount: 23_000 })).toBe(23);
    expect(epochsOf({ videoCount: 1_679, userCount: 943, exampleCount: 99_000 })).toBe(20);
    // Eighteen for each video, and two hundred steps in an epoch.
    expect(epochsOf({ videoCount: 5_500, exampleCount: 99_000 })).toBe(6);
  });

  it('have fewer epochs where nothing is held out to end them, and try one form', () => {
    const blind = { videoCount: 80, userCount: 150, exampleCount: 1_500, validated: false };
    expect(candidateForms(blind).map(({ epochCount }) => epochCount)).toEqual([9]);
    expect(candidateForms({ ...blind, validated: true }).map(({ epochCount }) => epochCount)).toEqual([24, 24]);
    expect(defaultCandidateConfig({ ...blind, exampleCount: 100, userCount: 10 }).epochCount).toBe(24);
    // A warm start may leave a large log without.
    expect(defaultCandidateConfig({ videoCount: 1_700, exampleCount: 99_000, validated: false }).epochCount).toBe(6);
  });

  it('count the users and videos of examples', () => {
    const exampleOf = (userId: string, labelVideoId: string) => ({ userId, labelVideoId }) as CandidateExample;
    const examples = [exampleOf('ada', 'v'), exampleOf('ada', 'w'), exampleOf('bo', 'v'), exampleOf('bo', 'v')];
    expect(dataSizeOf(examples)).toEqual({ videoCount: 2, userCount: 2, exampleCount: 4, epochExampleCount: 4 });
  });

  it('have more epochs where few users have most of the watches, of whom an epoch takes a part', () => {
    const watchesOf = (userId: string, count: number) =>
      Array.from({ length: count }, (_, n) => ({ userId, labelVideoId: `v${n % 100}` }) as CandidateExample);
    const even = Array.from({ length: 100 }, (_, n) => watchesOf(`user ${n}`, 100)).flat();
    const uneven = [
      ...Array.from({ length: 90 }, (_, n) => watchesOf(`user ${n}`, 10)),
      watchesOf('heavy', 9_100),
    ].flat();
    expect(dataSizeOf(even)).toMatchObject({ exampleCount: 10_000, epochExampleCount: 10_000 });
    // The mean of 91 users is 110.
    expect(dataSizeOf(uneven)).toMatchObject({ exampleCount: 10_000, epochExampleCount: 90 * 10 + 110 });
    const [evenly, unevenly] = [even, uneven].map((examples) =>
      // Of so many videos that it is not their examples that say how many epochs there are.
      defaultCandidateConfig({ ...dataSizeOf(examples), videoCount: 5_000 }),
    );
    expect(evenly.epochCount).toBe(13);
    expect(unevenly.epochCount).toBe(24);
  });

  it('take a thousand negatives: up to as many videos the full softmax, also when there are more of them the next time', () => {
    expect(valuesOf(({ negativeCount }) => negativeCount)).toEqual([1_000, 1_000, 1_000, 1_000, 1_000]);
  });

  it('keep to constants where the reason has no size in it (decision 119)', () => {
    for (const config of configs)
      expect(config).toMatchObject({
        inputDropout: 0.3,
        hiddenDropout: 0.3,
        negativePower: 0.75,
        examplesPerUserPerEpoch: 50,
        tableLearningRate: 0.05,
        denseLearningRate: 1e-3,
        learningRateDecay: 'constant',
        initialWeights: 'co-watches',
      });
    for (const config of configs) expect(config).not.toHaveProperty('tableDecay');
  });

  it('keep the tables of a million videos within what one process holds', () => {
    const { maxVideos, maxSearchTokens, dimensions, searchTokenDimensions } = configs[4];
    expect(4 * (maxVideos * dimensions + maxSearchTokens * searchTokenDimensions)).toBeLessThan(0.5 * 2 ** 30);
  });
});

describe('checkConfig', () => {
  const valid = defaultCandidateConfig({ videoCount: 100, exampleCount: 100 });

  it.each([
    ['dimensions', 0],
    ['batchSize', 1.5],
    ['epochCount', NaN],
    ['hiddenSizes', [64, 0]],
    ['negativePower', 1.1],
    ['tableLearningRate', 0],
    ['denseLearningRate', Infinity],
    ['historyEncoder', 'sum'],
    ['maxSearchTokens', -1],
    ['inputDropout', 1],
    ['hiddenDropout', NaN],
    ['tiedTables', 1],
    ['temperature', 0],
    ['temperature', 1.5],
    ['temperature', NaN],
    ['inBatchShare', -0.1],
    ['inBatchShare', 1.1],
    ['tableDecay', -1e-3],
    ['tableDecay', Infinity],
    ['interests', 0],
    ['interests', 2.5],
    ['interests', 17],
    ['interests', '2'],
    ['interests', null],
    ['initialWeights', 'watches'],
    ['initialWeights', null],
  ])('names %s when it is %p', (name, value) => {
    expect(() => checkConfig({ ...valid, [name]: value })).toThrow(name);
  });

  it('takes the options that are off by default, and says what they may be', () => {
    expect(() =>
      checkConfig({ ...valid, temperature: 0.1, inBatchShare: 1, historyEncoder: 'time-heads' }),
    ).not.toThrow();
    expect(() => checkConfig({ ...valid, temperature: 0.001 })).toThrow('from 0.01 to 1, or left out');
    expect(() => checkConfig({ ...valid, interests: 16 })).not.toThrow();
    expect(() => checkConfig({ ...valid, interests: 0 })).toThrow(
      'candidate model: interests must be a whole number of user vectors from 1 to 16, or left out for one, not 0',
    );
    expect(valid).not.toHaveProperty('temperature');
    expect(valid).not.toHaveProperty('interests');
    expect(candidateSettings()).toEqual(
      expect.arrayContaining(['temperature', 'inBatchShare', 'interests', 'initialWeights', 'dimensions']),
    );
  });

  it.each([
    ['epochCount', 0, 'epochCount must be a whole number of at least 1, not 0'],
    ['epochCount', '6', 'epochCount must be a whole number of at least 1, not "6"'],
    ['maxSearchTokens', 0.5, 'maxSearchTokens must be a whole number of at least 0, not 0.5'],
    ['denseLearningRate', '0.001', 'denseLearningRate must be a number above 0, not "0.001"'],
    ['hiddenSizes', 128, 'hiddenSizes must be a list of whole numbers of at least 1, not 128'],
    ['negativePower', '0.5', 'negativePower must be a number from 0 to 1, not "0.5"'],
    ['inputDropout', '0.3', 'inputDropout must be a share from 0 to below 1, not "0.3"'],
    ['hiddenDropout', NaN, 'hiddenDropout must be a share from 0 to below 1, not NaN'],
    ['temperature', '0.5', 'temperature must be from 0.01 to 1, or left out for vectors of any length, not "0.5"'],
    ['inBatchShare', null, 'inBatchShare must be a share of the negatives, from 0 to 1, not null'],
    ['tableDecay', '0', 'tableDecay must be a number of at least 0, or left out, not "0"'],
    ['logQCorrection', 'false', 'logQCorrection must be true or false, not "false"'],
    ['historyEncoder', 'sum', 'historyEncoder must be one of mean, mean-and-last, position-heads'],
  ])('says what %s may be, of any type that JSON has: %p', (name, value, message) => {
    expect(() => checkConfig({ ...valid, [name]: value })).toThrow(`candidate model: ${message}`);
  });

  it('takes a linear model and a model without search tokens', () => {
    expect(() => checkConfig({ ...valid, hiddenSizes: [], maxSearchTokens: 0 })).not.toThrow();
  });
});
