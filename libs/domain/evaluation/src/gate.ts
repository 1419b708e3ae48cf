/**
 * The gate between a trained model and the viewers: may this snapshot become the current one?
 *
 * Every check is made and reported, met or not: a rejected snapshot should tell all that is wrong with it.
 */
import type { GateCheck, GateVerdict } from '@watchnext/contract';

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

/** The current snapshot's word on the same quantities. */
export interface CurrentMetrics {
  readonly snapshotId: string;
  /**
   * "re-evaluated" on the candidate's held-out days, or "recorded" when it was published: then on other days,
   * because it has trained on these since, or cannot be loaded any more.
   */
  readonly origin: 're-evaluated' | 'recorded';
  /** NaN where not known. */
  readonly candidateRecall: number;
  readonly weightedPerUserLoss: number;
  /**
   * What the baselines reached on the days that recorded metrics come from; they tell how hard those days were beside
   * the present ones. Absent where not known, and for re-evaluated metrics.
   */
  readonly recordedBaselines?: { readonly popularityRecall: number; readonly floorWeightedPerUserLoss: number };
}

export interface GateLimits {
  readonly minimumIndexRecall: number;
  /** Largest loss of candidate recall against the current snapshot, as a share of its recall. */
  readonly maximumRecallDropShare: number;
  /** Largest rise of the weighted per-user loss against the current snapshot, absolute. */
  readonly maximumLossRise: number;
  /** Both margins are wider by this factor against metrics recorded on other days, which differ by the days alone. */
  readonly recordedMarginFactor: number;
}

/**
 * Margins of about two standard errors: on KuaiRand's two test days the loss has a standard error of 0.0085 and
 * recall@100 one of 2 to 3% of itself.
 */
export const DEFAULT_GATE_LIMITS: GateLimits = {
  minimumIndexRecall: 0.95,
  maximumRecallDropShare: 0.1,
  maximumLossRise: 0.02,
  recordedMarginFactor: 2,
};

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

function regressionChecks(metrics: GateMetrics, current: CurrentMetrics | undefined, limits: GateLimits): GateCheck[] {
  if (!current) return [{ name: 'no-regression', passed: true, detail: 'no current snapshot to regress against' }];
  const factor = current.origin === 'recorded' ? limits.recordedMarginFactor : 1;
  const against = `${current.snapshotId} (${current.origin})`;
  const before = expectedOnTheseDays(metrics, current);
  const leastRecall = before.candidateRecall * (1 - factor * limits.maximumRecallDropShare);
  const mostLoss = before.weightedPerUserLoss + factor * limits.maximumLossRise;
  const unknown = (name: string): GateCheck => ({ name, passed: true, detail: `not known of ${against}` });
  return [
    Number.isNaN(leastRecall)
      ? unknown('candidates-no-regression')
      : {
          name: 'candidates-no-regression',
          passed: metrics.candidateRecall >= leastRecall,
          detail: `recall@${metrics.recallK} ${show(metrics.candidateRecall)}, at least ${show(leastRecall)} against ${show(before.candidateRecall)} of ${against}`,
        },
    Number.isNaN(mostLoss)
      ? unknown('ranking-no-regression')
      : {
          name: 'ranking-no-regression',
          passed: metrics.weightedPerUserLoss <= mostLoss,
          detail: `weighted per-user loss ${show(metrics.weightedPerUserLoss)}, at most ${show(mostLoss)} against ${show(before.weightedPerUserLoss)} of ${against}`,
        },
  ];
}

/**
 * Recorded metrics are of other days, and days differ: a list that a good ranker served has neither easy pairs nor bad
 * videos, so the next ranker's loss on it is higher, as every baseline's is. So what was recorded is taken relative to
 * the baseline of its own days, and asked for relative to the baseline of these.
 */
function expectedOnTheseDays(metrics: GateMetrics, current: CurrentMetrics) {
  const { candidateRecall, weightedPerUserLoss, recordedBaselines } = current;
  if (!recordedBaselines) return { candidateRecall, weightedPerUserLoss };
  return {
    candidateRecall: candidateRecall * ratioOr1(metrics.popularityRecall, recordedBaselines.popularityRecall),
    weightedPerUserLoss:
      weightedPerUserLoss * ratioOr1(metrics.floorWeightedPerUserLoss, recordedBaselines.floorWeightedPerUserLoss),
  };
}

function ratioOr1(now: number, then: number): number {
  return Number.isFinite(now) && Number.isFinite(then) && then > 0 ? now / then : 1;
}
