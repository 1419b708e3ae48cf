/** Is a trained model worse than the one that serves now? */
import type { GateCheck } from '@watchnext/contract';
import type { GateMetrics } from './gate';
import type { Interval } from './user-ratio';

/** A metric of the current snapshot, and how it can be compared with the new one's. */
export type CurrentMetric = PairedMetric | SameDaysMetric | RecordedMetric;

/** Both snapshots measured on the same held-out rows, on which neither has trained. */
export interface PairedMetric {
  readonly origin: 're-evaluated';
  readonly current: number;
  readonly trained: number;
  /** 95% interval of `trained` less `current`, users resampled. */
  readonly difference: Interval;
  readonly userCount: number;
}

/**
 * The current snapshot has trained on the held-out days since, but when it was judged they were held out for it too:
 * what was recorded then, and the new models on what of these days was there then. The rows are the same, but for candidates
 * where more users are held out than are drawn: each snapshot is asked about a draw of its own.
 */
export interface SameDaysMetric {
  readonly origin: 'recorded on the same days';
  readonly current: number;
  readonly trained: number;
}

/** What the current snapshot's manifest says, of other days than these. */
export interface RecordedMetric {
  readonly origin: 'recorded on other days';
  /** NaN where it says nothing. */
  readonly current: number;
  /** What the gate's baseline reached on those days: how hard they were. NaN where not known. */
  readonly baseline: number;
}

export interface CurrentMetrics {
  readonly snapshotId: string;
  readonly candidateRecall: CurrentMetric;
  readonly weightedPerUserLoss: CurrentMetric;
}

export interface RegressionLimits {
  /** Largest loss of candidate recall against the current snapshot, as a share of its recall. */
  readonly maximumRecallDropShare: number;
  /** Largest rise of the weighted per-user loss against the current snapshot, absolute. */
  readonly maximumLossRise: number;
  /** Both margins are wider by this factor against recorded metrics, which differ by their days alone. */
  readonly recordedMarginFactor: number;
}

/**
 * Margins of about two standard errors: on KuaiRand's two test days the loss has a standard error of 0.0085 and
 * recall@100 one of 2 to 3% of itself.
 */
export const DEFAULT_REGRESSION_LIMITS: RegressionLimits = {
  maximumRecallDropShare: 0.1,
  maximumLossRise: 0.02,
  recordedMarginFactor: 2,
};

const show = (value: number) => value.toFixed(4);

/**
 * A regression is a change for the worse beyond the margin. On the same rows it must also be more than chance: few
 * rows show large differences that mean nothing, and what is bad beyond doubt fails the gate's other checks too.
 *
 * @param current - undefined where there is no current snapshot; then nothing can regress
 */
export function regressionChecks(
  metrics: GateMetrics,
  current: CurrentMetrics | undefined,
  limits: RegressionLimits,
): GateCheck[] {
  if (!current) return [{ name: 'no-regression', passed: true, detail: 'no current snapshot to regress against' }];
  const { snapshotId, candidateRecall, weightedPerUserLoss } = current;
  return [
    compare(
      {
        name: 'candidates-no-regression',
        metric: `recall@${metrics.recallK}`,
        trained: metrics.candidateRecall,
        baseline: metrics.popularityRecall,
        better: 1,
        margin: (before) => limits.maximumRecallDropShare * before,
      },
      snapshotId,
      candidateRecall,
      limits.recordedMarginFactor,
    ),
    compare(
      {
        name: 'ranking-no-regression',
        metric: 'weighted per-user loss',
        trained: metrics.weightedPerUserLoss,
        baseline: metrics.floorWeightedPerUserLoss,
        better: -1,
        margin: () => limits.maximumLossRise,
      },
      snapshotId,
      weightedPerUserLoss,
      limits.recordedMarginFactor,
    ),
  ];
}

interface Compared {
  readonly name: string;
  readonly metric: string;
  /** Of the new snapshot and of the baseline, on all held-out rows. */
  readonly trained: number;
  readonly baseline: number;
  /** 1 where larger is better, -1 where smaller is. */
  readonly better: 1 | -1;
  readonly margin: (before: number) => number;
}

function compare(compared: Compared, snapshotId: string, current: CurrentMetric, recordedFactor: number): GateCheck {
  switch (current.origin) {
    case 're-evaluated':
      return comparePaired(compared, snapshotId, current);
    case 'recorded on the same days':
      return compareWith(compared, compared.margin, current.trained, current.current, snapshotId, current.origin);
    case 'recorded on other days':
      return compareRecorded(compared, snapshotId, current, recordedFactor);
  }
}

function comparePaired(
  { name, metric, better, margin }: Compared,
  snapshotId: string,
  { current, trained, difference, userCount }: PairedMetric,
): GateCheck {
  const beyondMargin = better * (current - trained) > margin(current);
  const beyondChance = better === 1 ? difference.high < 0 : difference.low > 0;
  const interval = `${signed(difference.low)} to ${signed(difference.high)}`;
  return {
    name,
    // Written so that a comparison with NaN, which is neither way, does not pass.
    passed:
      [current, trained, difference.low, difference.high].every(Number.isFinite) && !(beyondMargin && beyondChance),
    detail:
      `${metric} ${show(trained)} against ${show(current)} of ${snapshotId}, both on the same held-out rows of ` +
      `${userCount} users: ${signed(trained - current)} (95%: ${interval}), ${better === 1 ? 'drop' : 'rise'} of at most ${show(margin(current))}`,
  };
}

/**
 * Days differ: on a list that a good ranker served, with neither easy pairs nor bad videos, the next ranker's loss is
 * higher, as every baseline's is. So what was recorded is taken relative to the baseline of its own days, and asked
 * for relative to the baseline of these.
 */
function compareRecorded(
  compared: Compared,
  snapshotId: string,
  { current, baseline, origin }: RecordedMetric,
  factor: number,
): GateCheck {
  const expected = current * ratioOr1(compared.baseline, baseline);
  return compareWith(
    compared,
    (before) => factor * compared.margin(before),
    compared.trained,
    expected,
    snapshotId,
    origin,
  );
}

function compareWith(
  { name, metric, better }: Compared,
  margin: (before: number) => number,
  trained: number,
  before: number,
  snapshotId: string,
  origin: string,
): GateCheck {
  const against = `${snapshotId} (${origin})`;
  if (Number.isNaN(before)) return { name, passed: true, detail: `not known of ${against}` };
  const limit = before - better * margin(before);
  return {
    name,
    passed: better * trained >= better * limit,
    detail: `${metric} ${show(trained)}, at ${better === 1 ? 'least' : 'most'} ${show(limit)} against ${show(before)} of ${against}`,
  };
}

const signed = (value: number) => `${value < 0 ? '' : '+'}${show(value)}`;

function ratioOr1(now: number, then: number): number {
  return Number.isFinite(now) && Number.isFinite(then) && then > 0 ? now / then : 1;
}
