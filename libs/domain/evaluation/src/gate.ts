/**
 * The gate between a trained model and the viewers: may this snapshot become the current one?
 *
 * Every check is made and reported, met or not: a rejected snapshot should tell all that is wrong with it.
 */
import type { GateCheck, GateVerdict } from '@watchnext/contract';
import { type CurrentMetrics, DEFAULT_REGRESSION_LIMITS, regressionChecks, type RegressionLimits } from './regression';
import { LEAST_ROWS_OF_TWO_NUMBERS, MINIMUM_SAMPLE } from './sample-size';
import type { Interval } from './user-ratio';

/** What the gate looks at, all on the same held-out days. */
export interface GateMetrics {
  /** The k of the recalls below: 100, or less in a catalogue too small for 100 to tell lists apart. */
  readonly recallK: number;
  readonly candidateRecall: number;
  readonly popularityRecall: number;
  /** Of the model's recall less popularity's. */
  readonly recallGain: Gain;
  readonly weightedPerUserLoss: number;
  /** The best of the counting baselines that know the video alone (`ITEM_SCORERS`). */
  readonly floorWeightedPerUserLoss: number;
  /** Of that baseline's loss less the model's. */
  readonly lossGain: Gain;
  /** The approximate index against exact search. */
  readonly indexRecallAt100: number;
}

/** How sure it is that the model is better than a baseline. */
export interface Gain {
  /** 95% of the difference, users resampled, on the same rows; NaN where there are too few users for one. */
  readonly interval: Interval;
  readonly userCount: number;
  /** Queries or pages. */
  readonly rowCount: number;
}

export interface GateLimits extends RegressionLimits {
  readonly minimumIndexRecall: number;
}

export const DEFAULT_GATE_LIMITS: GateLimits = { ...DEFAULT_REGRESSION_LIMITS, minimumIndexRecall: 0.95 };

const show = (value: number) => value.toFixed(4);

const CANDIDATES_CHECK = 'candidates-beat-popularity';

/** @param current - undefined where there is no current snapshot; then nothing can regress */
export function evaluateGate(
  metrics: GateMetrics,
  current: CurrentMetrics | undefined,
  limits: GateLimits = DEFAULT_GATE_LIMITS,
): GateVerdict {
  const checks = [
    finiteCheck(metrics),
    baselineCheck(
      CANDIDATES_CHECK,
      metrics.candidateRecall - metrics.popularityRecall,
      metrics.recallGain,
      `recall@${metrics.recallK} ${show(metrics.candidateRecall)}, popularity ${show(metrics.popularityRecall)}`,
    ),
    baselineCheck(
      'ranking-beats-item-means',
      metrics.floorWeightedPerUserLoss - metrics.weightedPerUserLoss,
      metrics.lossGain,
      `weighted per-user loss ${show(metrics.weightedPerUserLoss)}, best item mean ${show(metrics.floorWeightedPerUserLoss)}`,
    ),
    {
      name: 'index-recall',
      passed: metrics.indexRecallAt100 >= limits.minimumIndexRecall,
      detail: `index recall@100 ${show(metrics.indexRecallAt100)}, at least ${show(limits.minimumIndexRecall)}`,
    },
    ...regressionChecks(metrics, current, limits),
  ];
  return { passed: checks.every((check) => check.passed), checks };
}

/** One line for each check that was not met, as for a log or a console. */
export function gateReasons(verdict: GateVerdict): string[] {
  return verdict.checks.filter((check) => !check.passed).map((check) => `${check.name}: ${check.detail}`);
}

/** The k of the recall that the gate went by, as its check tells; undefined where none was made. */
export function recallKOf(verdict: GateVerdict): number | undefined {
  const detail = verdict.checks.find(({ name }) => name === CANDIDATES_CHECK)?.detail ?? '';
  const k = /\brecall@(\d+) /.exec(detail)?.[1];
  return k === undefined ? undefined : Number(k);
}

/**
 * Better than a baseline. Of few users or rows it is chance which of the two has more, so a model that has less, or as much, fails only where
 * the interval leaves no room for zero; of a handful of users, who give none, nothing is said. Of many rows the two numbers decide.
 */
function baselineCheck(name: string, gain: number, { interval, userCount, rowCount }: Gain, detail: string): GateCheck {
  if (gain > 0) return { name, passed: true, detail };
  const isFew = userCount < MINIMUM_SAMPLE.users || rowCount < LEAST_ROWS_OF_TWO_NUMBERS;
  const isUndecided = isFew && !Number.isNaN(gain) && !(interval.high < 0);
  const range = Number.isNaN(interval.low)
    ? ''
    : `, 95% of what is gained: ${show(interval.low)} to ${show(interval.high)}`;
  const sample = `${detail}, of ${userCount} users in ${rowCount} rows${range}`;
  return { name, passed: isUndecided, detail: isUndecided ? `undecided: ${sample}` : sample };
}

function finiteCheck(metrics: GateMetrics): GateCheck {
  const unmeasured = Object.entries(metrics)
    .filter(([, value]) => typeof value === 'number' && !Number.isFinite(value))
    .map(([name, value]) => `${name} is ${value}`);
  return {
    name: 'finite',
    passed: unmeasured.length === 0,
    detail: unmeasured.length === 0 ? 'every metric is a finite number' : unmeasured.join(', '),
  };
}
