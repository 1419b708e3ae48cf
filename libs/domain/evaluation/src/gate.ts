/**
 * The gate between a trained model and the viewers: may this snapshot become the current one?
 *
 * Every check is made and reported, met or not: a rejected snapshot should tell all that is wrong with it.
 */
import type { GateCheck, GateVerdict } from '@watchnext/contract';
import { type CurrentMetrics, DEFAULT_REGRESSION_LIMITS, regressionChecks, type RegressionLimits } from './regression';

/** What the gate looks at, all on the same held-out days. */
export interface GateMetrics {
  /** The k of the recalls below: 100, or less in a catalogue too small for 100 to tell lists apart. */
  readonly recallK: number;
  readonly candidateRecall: number;
  readonly popularityRecall: number;
  readonly weightedPerUserLoss: number;
  /** The best of the counting baselines that know the video alone (`ITEM_SCORERS`). */
  readonly floorWeightedPerUserLoss: number;
  /** The approximate index against exact search. */
  readonly indexRecallAt100: number;
}

export interface GateLimits extends RegressionLimits {
  readonly minimumIndexRecall: number;
}

export const DEFAULT_GATE_LIMITS: GateLimits = { ...DEFAULT_REGRESSION_LIMITS, minimumIndexRecall: 0.95 };

const show = (value: number) => value.toFixed(4);

/** @param current - undefined where there is no current snapshot; then nothing can regress */
export function evaluateGate(
  metrics: GateMetrics,
  current: CurrentMetrics | undefined,
  limits: GateLimits = DEFAULT_GATE_LIMITS,
): GateVerdict {
  const checks = [
    finiteCheck(metrics),
    {
      name: 'candidates-beat-popularity',
      passed: metrics.candidateRecall > metrics.popularityRecall,
      detail: `recall@${metrics.recallK} ${show(metrics.candidateRecall)}, popularity ${show(metrics.popularityRecall)}`,
    },
    {
      name: 'ranking-beats-item-means',
      passed: metrics.weightedPerUserLoss < metrics.floorWeightedPerUserLoss,
      detail: `weighted per-user loss ${show(metrics.weightedPerUserLoss)}, best item mean ${show(metrics.floorWeightedPerUserLoss)}`,
    },
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

function finiteCheck(metrics: GateMetrics): GateCheck {
  const unmeasured = Object.entries(metrics)
    .filter(([, value]) => !Number.isFinite(value))
    .map(([name, value]) => `${name} is ${value}`);
  return {
    name: 'finite',
    passed: unmeasured.length === 0,
    detail: unmeasured.length === 0 ? 'every metric is a finite number' : unmeasured.join(', '),
  };
}
