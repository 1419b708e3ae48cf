import { candidateSettings, checkConfig, defaultCandidateConfig } from './config';

describe('defaultCandidateConfig', () => {
  it.each([
    { videoCount: 1, exampleCount: 1 },
    { videoCount: 300, exampleCount: 5_000 },
    { videoCount: 7_583, exampleCount: 80_000 },
    { videoCount: 1_000_000, exampleCount: 100_000_000 },
  ])('is a valid configuration for %p', (size) => {
    expect(() => checkConfig(defaultCandidateConfig(size))).not.toThrow();
  });

  it('does more epochs in smaller batches on less data, with no more negatives than there are videos', () => {
    const small = defaultCandidateConfig({ videoCount: 300, exampleCount: 5_000 });
    const large = defaultCandidateConfig({ videoCount: 1_000_000, exampleCount: 100_000_000 });
    expect(small.epochCount).toBeGreaterThan(large.epochCount);
    expect(small.batchSize).toBeLessThan(large.batchSize);
    expect(small.negativeCount).toBeLessThanOrEqual(300);
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
  ])('names %s when it is %p', (name, value) => {
    expect(() => checkConfig({ ...valid, [name]: value })).toThrow(name);
  });

  it('takes the options that are off by default, and says what they may be', () => {
    expect(() =>
      checkConfig({ ...valid, temperature: 0.1, inBatchShare: 1, historyEncoder: 'time-heads' }),
    ).not.toThrow();
    expect(() => checkConfig({ ...valid, temperature: 0.001 })).toThrow('from 0.01 to 1, or left out');
    expect(valid).not.toHaveProperty('temperature');
    expect(candidateSettings()).toEqual(expect.arrayContaining(['temperature', 'inBatchShare', 'dimensions']));
  });

  it('takes a linear model and a model without search tokens', () => {
    expect(() => checkConfig({ ...valid, hiddenSizes: [], maxSearchTokens: 0 })).not.toThrow();
  });
});
