/** Models of days in turn through the whole of the tool: split, train, begin with the day before's, score, compare. */
import { DAY_MS } from '@watchnext/features';
import { referenceRankingEngine } from '@watchnext/ranking-model';
import { evaluateWarmStart, type WarmStartOptions } from '../src/warm-start/evaluate';
import { warmStartTable } from '../src/warm-start/table';
import { FIRST_DAY_MS, silent, world } from './ranking-world';

jest.setTimeout(120_000); // for machines under load; it takes seconds

const evaluate = (change: Partial<WarmStartOptions> = {}) =>
  evaluateWarmStart(world(), {
    source: 'world',
    fromMs: FIRST_DAY_MS + 7 * DAY_MS,
    dayCount: 2,
    seeds: [1],
    epochs: [1, 2, 3],
    change: { hiddenSizes: [4], epochs: 3, learningRate: 0.002, members: 1, calibrated: false },
    createEngine: referenceRankingEngine,
    signal: new AbortController().signal,
    progress: silent,
    ...change,
  });

describe('ranking models of days in turn', () => {
  it('are trained from nothing and from the day before, by epochs', async () => {
    const report = await evaluate();
    expect(report.days).toEqual([
      { from: '2026-05-11T00:00', trainingImpressions: 1_120, impressions: 160 },
      { from: '2026-05-12T00:00', trainingImpressions: 1_280, impressions: 160 },
    ]);
    expect(report.forms.map(({ name }) => name)).toEqual([
      'anew, 3 epochs',
      'anew, 1 epoch',
      'anew, 2 epochs',
      'warm, 1 epoch',
      'warm, 2 epochs',
      'warm, 3 epochs',
    ]);
    const [anew, oneEpoch] = report.forms;
    const warm = report.forms.find(({ name }) => name === 'warm, 1 epoch')!;
    expect(anew.lessThanAnew.difference).toBe(0);
    expect(anew.starts).toEqual([]);
    // Each day begins with the model of the day before, the first one with one of which nothing is counted.
    expect(warm.starts).toHaveLength(2);
    for (const start of warm.starts) expect(start).toMatchObject({ began: 'warm', copiedVideos: 10, newVideos: 0 });
    expect([warm.stepsPerDay, oneEpoch.stepsPerDay]).toEqual([9.5, 9.5]);
    expect(anew.stepsPerDay).toBe(3 * 9.5);
    // The world has something to learn, and one epoch from nothing is not enough for it.
    expect(warm.clickAuc).toBeGreaterThan(oneEpoch.clickAuc);
    expect(warm.weightedPerUserLoss).toBeLessThan(oneEpoch.weightedPerUserLoss);
    expect(warmStartTable(report)).toContain('10 videos kept and 0 new');
  });

  it('come out the same for the same seed', async () => {
    const withoutTime = async () =>
      (await evaluate()).forms.map(({ processorSecondsPerDay, ...rest }) => ({
        ...rest,
        timed: processorSecondsPerDay > 0,
      }));
    expect(await withoutTime()).toEqual(await withoutTime());
  });

  it('need something to learn from before the first day, and to measure on each', async () => {
    await expect(evaluate({ fromMs: FIRST_DAY_MS + 40 * DAY_MS })).rejects.toThrow(
      'world: nothing to learn from or to measure on',
    );
    await expect(evaluate({ fromMs: FIRST_DAY_MS + DAY_MS })).rejects.toThrow(
      'nothing to learn from or to measure on 2026-05-04',
    );
  });
});
