import type { CandidateModel } from '@watchnext/candidate-model';
import { type RankingExample, StatisticsTimeline } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import {
  defaultRankingConfig,
  type RankingModel,
  type RankingModelConfig,
  referenceRankingEngine,
  trainRankingModel,
} from '@watchnext/ranking-model';
import { shownLists } from '../../test/shown-lists';
import { checkSanityStage, newestToJudge, normsAreSane, numbersAreFinite, rankingIsCalibrated } from './check-sanity';

/** The parts of models that the checks look at. */
const candidateOf = (...vectors: number[][]) => {
  const videoVectors = Float32Array.from(vectors.flat());
  return {
    config: { dimensions: 2 },
    videoIds: vectors.map((_, video) => `v${video}`),
    videoVectors,
    toParts: () => ({ tensors: new Map([['video_vectors', { shape: [vectors.length, 2], data: videoVectors }]]) }),
  } as unknown as CandidateModel;
};
const rankingOf = (...weights: number[]) =>
  ({
    toParts: () => ({
      tensors: new Map([['tower.0.weights', { shape: [weights.length], data: Float32Array.from(weights) }]]),
    }),
  }) as unknown as RankingModel;

describe('what is about to be published', () => {
  it('has finite numbers only, or the broken tensors are named', () => {
    expect(numbersAreFinite({ candidate: candidateOf([1, 2]), ranking: rankingOf(0) })).toMatchObject({ passed: true });
    expect(numbersAreFinite({ candidate: candidateOf([1, NaN]), ranking: rankingOf(1, Infinity) })).toMatchObject({
      passed: false,
      detail: 'not finite: candidate video_vectors, ranking tower.0.weights',
    });
  });

  it('ends the run where a number is broken, whoever overrides the gate', async () => {
    const finalModels = { candidate: candidateOf([1, 2]), ranking: rankingOf(1, NaN) };
    const run = checkSanityStage(true).run(
      { finalModels, gate: { passed: true, checks: [] } } as never,
      { note: () => undefined } as never,
    );
    await expect(run).rejects.toThrow('nothing is published: not finite: ranking tower.0.weights');
  });

  it('has no video whose vector outgrew all others, and vectors that are not all zero', () => {
    expect(normsAreSane({ candidate: candidateOf([1, 0], [0, 2], [3, 4]) }).passed).toBe(true);
    expect(normsAreSane({ candidate: candidateOf([1, 0], [0, 1], [300, 400]) }).passed).toBe(false);
    expect(normsAreSane({ candidate: candidateOf([0, 0], [0, 0]) }).passed).toBe(false);
    expect(normsAreSane({ candidate: candidateOf([NaN, 0], [NaN, 0]) }).passed).toBe(false);
  });
});

describe('the impressions that ranking is judged on', () => {
  const shown = (count: number, watchedEvery: number) =>
    Array.from({ length: count }, (_, at) => ({
      servedAtMs: at,
      watchSeconds: at % watchedEvery === 0 ? 30 : 0,
    })) as unknown as RankingExample[];
  const judged = (examples: RankingExample[]) => {
    const sample = newestToJudge(examples);
    expect(sample).toEqual(examples.slice(examples.length - sample.length));
    return [sample.length, sample.filter(({ watchSeconds }) => watchSeconds > 0).length];
  };

  it('are the newest 2,000 where every tenth is watched', () => {
    expect(judged(shown(10_000, 10))).toEqual([2_000, 200]);
    expect(judged(shown(10_000, 2))).toEqual([2_000, 1_000]);
  });

  it('are more where fewer are watched, until it is not a few that decide', () => {
    expect(judged(shown(100_000, 100))[1]).toBe(200);
    expect(judged(shown(10_000, 100))).toEqual([10_000, 100]);
    expect(judged(shown(0, 1))).toEqual([0, 0]);
  });
});

describe('the seconds that the final ranking model expects', () => {
  /** Long lists, of which viewers look at the first places: an impression is worth far less than one at the first place. */
  const rankingExamples = shownLists(
    { listCount: 100, length: 20 },
    (position) => (position < 2 ? 0.6 : 0),
    createRandom(5),
  );
  const statistics = new StatisticsTimeline();
  const log = { rankingExamples, statistics, toMs: rankingExamples[rankingExamples.length - 1].servedAtMs };
  const { signal } = new AbortController();
  const meanOf = (examples: readonly RankingExample[]) =>
    (examples.reduce((sum, { watchSeconds }) => sum + watchSeconds, 0) / examples.length).toPrecision(4);
  const train = (change: Partial<RankingModelConfig>, examples = rankingExamples) =>
    trainRankingModel({
      examples,
      statisticsAt: (atMs) => statistics.asOf(atMs),
      config: {
        ...defaultRankingConfig({ exampleCount: rankingExamples.length, videoCount: 8 }),
        hiddenSizes: [8],
        epochs: 12,
        learningRate: 0.01,
        ...change,
      },
      createEngine: referenceRankingEngine,
      seed: 1,
      signal,
    });

  it('are asked of impressions where they were shown, since that is where they were watched or not', async () => {
    const { passed, detail } = await rankingIsCalibrated({ ranking: await train({}) }, log, signal);
    expect(detail).toMatch(/^expected .* s, actual .* s over the newest 2000 impressions$/);
    expect(passed).toBe(true);
  });

  it('fail where they are of another size than what was watched', async () => {
    const tenfold = rankingExamples.map((example) => ({ ...example, watchSeconds: 10 * example.watchSeconds }));
    const ranking = await train({});
    expect(await rankingIsCalibrated({ ranking }, { ...log, rankingExamples: tenfold }, signal)).toMatchObject({
      name: 'final-ranking-calibration',
      passed: false,
    });
  });

  it('are held to what was watched up to the cap of the model, beyond which it expects nothing', async () => {
    const long = rankingExamples.map((example) => ({ ...example, watchSeconds: 10 * example.watchSeconds }));
    const ranking = await train({ watchCapSeconds: 20 });
    const { passed, detail } = await rankingIsCalibrated({ ranking }, { ...log, rankingExamples: long }, signal);
    expect(detail).toContain(`actual ${meanOf(rankingExamples)} s`);
    expect(passed).toBe(true);
  });

  it('are those of all impressions, where the model learned the odds of the paper and most are clicked', async () => {
    const clicks = shownLists({ listCount: 100, length: 20 }, () => 0.85, createRandom(6));
    const ranking = await train({ objective: 'paper' }, clicks);
    const { passed, detail } = await rankingIsCalibrated({ ranking }, { ...log, rankingExamples: clicks }, signal);
    const [, expected, actual] = /^expected (.*) s, actual (.*) s over/.exec(detail)!;
    expect(actual).toBe(meanOf(clicks));
    // The odds themselves are 1 / (1 - 0.85), nearly seven times as much.
    expect(Number(expected) / Number(actual)).toBeGreaterThan(0.7);
    expect(Number(expected) / Number(actual)).toBeLessThan(1.4);
    expect(passed).toBe(true);
  });

  it('are not asked for where the model learned clicks', async () => {
    const ranking = await train({ objective: 'click' });
    expect(await rankingIsCalibrated({ ranking }, log, signal)).toEqual({
      name: 'final-ranking-calibration',
      passed: true,
      detail: 'skipped: with the objective "click" nothing is expected in seconds',
    });
  });
});
