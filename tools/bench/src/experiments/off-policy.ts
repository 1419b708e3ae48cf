/**
 * Off-policy estimates against the truth: viewers of the simulated world, a place that is filled by chance, and policies that
 * were never served. Every expectation is known exactly, so the error of an estimate is too.
 */
import { percent, textTable } from '@watchnext/command-line';
import { policyOf } from '@watchnext/experiment';
import { estimateOffPolicy, type LoggedDraw } from '@watchnext/experiments';
import { createRandom, type Random } from '@watchnext/learning';
import { chooseViewers, DEFAULT_WORLD, Truth, ViewerMemory, World } from '@watchnext/simulator';
import { report, type BenchReport } from '../report';

export interface OffPolicyOptions {
  readonly seed: number;
  readonly users: number;
  readonly videos: number;
  /** Lists logged in each repetition. */
  readonly draws: number;
  readonly repeats: number;
}

/** The logging policy: with this probability one of the pool is drawn evenly. */
const EPSILON = 0.3;
const POOL = 10;
/**
 * So many times the situations of a log are there in all. Each log draws its own from them, with replacement, so that the value of all
 * is what its estimates are of; were they the same in every log, intervals would have to cover less than they promise.
 */
const POPULATION = 10;
const POLICIES = ['greedy', 'epsilon=0.1', 'softmax=20', 'uniform'] as const;
const ESTIMATORS = ['inversePropensity', 'selfNormalised', 'doublyRobust'] as const;
const NAMES = { inversePropensity: 'IPS', selfNormalised: 'self-normalised', doublyRobust: 'doubly robust' } as const;
const END_MS = Date.UTC(2026, 10, 23);

interface Situation {
  readonly userId: string;
  /** True expected watch seconds of the options. */
  readonly values: readonly number[];
  /** What a ranker says of them, wrong by a factor. */
  readonly scores: readonly number[];
  readonly play: (option: number, random: Random) => number;
}

export interface OffPolicyFigures {
  readonly policy: string;
  readonly estimator: string;
  readonly truth: number;
  readonly meanError: number;
  readonly rootMeanSquareError: number;
  /** Share of the 95% intervals that hold the truth. */
  readonly coverage: number;
  readonly answered: number;
  readonly effectiveDraws: number;
}

export async function benchOffPolicy(options: OffPolicyOptions): Promise<{ result: BenchReport; text: string }> {
  const figures = measureOffPolicy(options);
  const text = textTable(
    ['policy', 'estimator', 'true value, s', 'mean error', 'RMSE', '95% covers', 'ESS', 'answered'],
    figures.map((row) => [
      row.policy,
      row.estimator,
      row.truth.toFixed(2),
      row.meanError.toFixed(2),
      row.rootMeanSquareError.toFixed(2),
      percent(row.coverage, 0),
      row.effectiveDraws.toFixed(0),
      `${row.answered} of ${options.repeats}`,
    ]),
  );
  return { result: report('experiments off-policy', { ...options, epsilon: EPSILON, pool: POOL }, figures), text };
}

export function measureOffPolicy(options: OffPolicyOptions): OffPolicyFigures[] {
  const { seed, users, videos, draws, repeats } = options;
  const world = new World({ ...DEFAULT_WORLD, seed, viewerCount: users, videoCount: videos, endMs: END_MS });
  const random = createRandom(seed).fork('off-policy');
  const situations = Array.from({ length: POPULATION * draws }, drawSituations(world, random));
  const policies = POLICIES.map((name) => {
    const policy = policyOf(name);
    const targets = situations.map(({ scores }) => policy(optionsOf(scores)));
    const valueOf = ({ values }: Situation, i: number) =>
      values.reduce((sum, value, k) => sum + targets[i][k] * value, 0);
    const truth = situations.reduce((sum, situation, i) => sum + valueOf(situation, i), 0) / situations.length;
    const rows = ESTIMATORS.map((estimator) => ({ estimator, errors: [] as number[], covered: 0 }));
    return { name, targets, truth, rows, effective: 0 };
  });
  for (let repeat = 0; repeat < repeats; repeat++) {
    const log = Array.from({ length: draws }, () => {
      const place = random.nextInt(situations.length);
      return { place, draw: drawOf(situations[place], random) };
    });
    for (const one of policies) {
      const estimate = estimateOffPolicy(
        log.map(({ place, draw }) => valuedBy(draw, situations[place], one.targets[place])),
      );
      one.effective += estimate.effectiveDraws / repeats;
      for (const row of one.rows) {
        const found = estimate[row.estimator];
        if (!found) continue;
        row.errors.push(found.value - one.truth);
        if (found.interval95.low <= one.truth && one.truth <= found.interval95.high) row.covered++;
      }
    }
  }
  return policies.flatMap(({ name, truth, rows, effective }) =>
    rows.map(({ estimator, errors, covered }) => ({
      policy: name,
      estimator: NAMES[estimator],
      truth,
      meanError: errors.reduce((sum, error) => sum + error, 0) / errors.length,
      rootMeanSquareError: Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length),
      coverage: covered / errors.length,
      answered: errors.length,
      effectiveDraws: effective,
    })),
  );
}

function drawSituations(world: World, random: Random): () => Situation {
  const truth = new Truth(world);
  const viewers = chooseViewers(world, world.viewers.length);
  const memory = new ViewerMemory();
  const { videos } = world;
  return () => {
    const viewer = viewers[random.nextInt(viewers.length)];
    // What a ranker would bring: of many, those worth most.
    const pool = Array.from({ length: 5 * POOL }, () => videos[random.nextInt(videos.length)])
      .map((video) => {
        const value = truth.expectedWatchSeconds(viewer, video, 0, END_MS, memory);
        return { video, value, score: value * Math.exp(0.7 * random.gaussian()) };
      })
      .sort((a, b) => b.score - a.score)
      .slice(0, POOL);
    return {
      userId: viewer.id,
      values: pool.map(({ value }) => value),
      scores: pool.map(({ score }) => score),
      play: (option, draws) =>
        truth.playPage(viewer, [pool[option].video], END_MS, memory, draws).clicks[0]?.watchSeconds ?? 0,
    };
  };
}

const probabilityOf = (option: number) => EPSILON / POOL + (option === 0 ? 1 - EPSILON : 0);
const optionsOf = (scores: readonly number[]) =>
  scores.map((score, option) => ({ videoId: String(option), score, probability: probabilityOf(option) }));

interface Draw {
  readonly option: number;
  readonly reward: number;
}

function drawOf({ play }: Situation, random: Random): Draw {
  const option = random.next() < EPSILON ? random.nextInt(POOL) : 0;
  return { option, reward: play(option, random) };
}

const valuedBy = ({ option, reward }: Draw, { userId, scores }: Situation, target: readonly number[]): LoggedDraw => ({
  userId,
  propensity: probabilityOf(option),
  targetProbability: target[option],
  reward,
  predicted: scores[option],
  predictedOfTarget: scores.reduce((sum, score, k) => sum + target[k] * score, 0),
});
