import { checkConfig, defaultRankingConfig, RANKING_PRECISIONS, type RankingModelConfig } from './config';

const CONFIG = defaultRankingConfig({ exampleCount: 5_000, videoCount: 50 });

describe("a ranking model's configuration", () => {
  it('may be of any precision, and say nothing of it, as older ones do', () => {
    for (const precision of RANKING_PRECISIONS) expect(() => checkConfig({ ...CONFIG, precision })).not.toThrow();
    const { precision, ...older } = CONFIG;
    expect(precision).toBe('float32');
    expect(() => checkConfig(older)).not.toThrow();
  });

  it('is refused by the setting that makes no sense', () => {
    expect(() => checkConfig({ ...CONFIG, precision: 'int4' as never })).toThrow('precision must be float32 or int8');
    expect(() => checkConfig({ ...CONFIG, idDropout: 1 })).toThrow('idDropout');
    expect(() => checkConfig({ ...CONFIG, epochs: 1.5 })).toThrow('epochs must be a whole number');
  });

  it.each([
    ['calibrated', 'false', 'calibrated must be true or false, not "false"'],
    ['clickHead', 0, 'clickHead must be true or false, not 0'],
    ['powers', null, 'powers must be true or false, not null'],
    ['hiddenSizes', 128, 'hiddenSizes must be a list of whole numbers of at least 1, not 128'],
    ['hiddenSizes', [64, 0], 'hiddenSizes must be a list of whole numbers of at least 1, not [64,0]'],
    ['hiddenSizes', '64', 'hiddenSizes must be a list of whole numbers of at least 1, not "64"'],
    ['members', '1', 'members must be a whole number of at least 1, not "1"'],
    ['idDropout', -0.1, 'idDropout must be a number of at least 0, not -0.1'],
    ['learningRateWarmUp', '0.1', 'learningRateWarmUp must be a number from 0 to below 1, not "0.1"'],
  ])('says what %s may be, of any type that JSON has: %p', (name, value, message) => {
    expect(() => checkConfig({ ...CONFIG, [name]: value })).toThrow(`ranking config: ${message}`);
  });
});

describe('the defaults from 600 users to a million', () => {
  /** The small simulated world, KuaiRand-Pure, and logs of a hundred thousand and a million users. */
  const SIZES = [
    { exampleCount: 5_000, videoCount: 500 },
    { exampleCount: 57_023, videoCount: 700 },
    { exampleCount: 154_468, videoCount: 7_500 },
    { exampleCount: 5_000_000, videoCount: 100_000 },
    { exampleCount: 100_000_000, videoCount: 2_000_000 },
  ];
  const configs = SIZES.map(defaultRankingConfig);
  const valuesOf = (of: (config: RankingModelConfig) => unknown) => configs.map(of);

  it('follow the data in what its size decides: towers, widths, trainings, epochs, batches', () => {
    const towers = [
      [64, 32],
      [128, 64],
      [128, 64],
      [512, 256],
      [1024, 512, 256],
    ];
    expect(valuesOf(({ hiddenSizes }) => hiddenSizes)).toEqual(towers);
    expect(valuesOf(({ dimensionsPerLog }) => dimensionsPerLog)).toEqual([1, 1, 1, 2, 2]);
    expect(valuesOf(({ members }) => members)).toEqual([1, 3, 3, 1, 1]);
    expect(valuesOf(({ epochs }) => epochs)).toEqual([5, 3, 3, 3, 1]);
    expect(valuesOf(({ batchSize }) => batchSize)).toEqual([128, 512, 512, 512, 512]);
    expect(valuesOf(({ calibrated }) => calibrated)).toEqual([false, true, true, true, true]);
    expect(valuesOf(({ maxVideos }) => maxVideos)).toEqual([500, 700, 7_500, 100_000, 1_000_000]);
    for (const config of configs) expect(() => checkConfig(config)).not.toThrow();
  });

  it.each([
    [12_500, 3],
    [20_000_000, 3],
    [20_000_001, 2],
    [30_000_000, 2],
    [30_000_001, 1],
    [100_000_000, 1],
    [1_000_000_000, 1],
  ])('show %p examples %p times: three epochs, as long as the budget of examples lasts', (exampleCount, epochs) => {
    expect(defaultRankingConfig({ exampleCount, videoCount: 1_000_000 }).epochs).toBe(epochs);
  });

  it('keep to constants where the reason has no size in it (decision 119)', () => {
    for (const config of configs)
      expect(config).toMatchObject({
        tableDecay: 1e-3,
        idDropout: 0.1,
        quantileCount: 100,
        learningRate: 1e-3,
        tableLearningRate: 0.05,
        gradientClip: 0,
      });
  });
});
