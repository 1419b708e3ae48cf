/** Is a trained model worse than the one that serves now? */
import type { GateCheck } from '@watchnext/contract';
import type { GateMetrics } from './gate';
import { MINIMUM_SAMPLE } from './sample-size';
import type { Interval } from './user-ratio';

/** A metric of the current snapshot, and how it can be compared with the new one's. */
type CurrentMetric = PairedMetric | SameDaysMetric | RecordedMetric;

/** Both snapshots measured on the same held-out rows, on which neither has trained. */
export interface PairedMetric {
  readonly origin: 're-evaluated';
  readonly current: number;
  readonly trained: number;
  /** 95% interval of `trained` less `current`, users resampled. */
  readonly difference: Interval;
  readonly userCount: number;
}

/** A metric of the new snapshot, and how sure it is. */
export interface Measurement {
  readonly value: number;
  /** 95%, users resampled. */
  readonly interval: Interval;
  readonly userCount: number;
  /** Queries or pages that it is of. */
  readonly rowCount: number;
}

/** What the current snapshot's manifest says of itself. NaN where it says nothing. */
export interface RecordedValue {
  readonly value: number;
  /** As a measurement's. */
  readonly rowCount: number;
}

/**
 * The current snapshot has trained on the held-out days since, but when it was judged they were held out for it too:
 * what was recorded then, and the new models on what of these days was there then. The rows are the same, but for candidates
 * where more users are held out than are drawn: some that were drawn then have given way to others that came since.
 */
export interface SameDaysMetric {
  readonly origin: 'recorded on the same days';
  readonly current: RecordedValue;
  readonly trained: Measurement;
}

/** What the current snapshot's manifest says, of other days than these. */
export interface RecordedMetric {
  readonly origin: 'recorded on other days';
  readonly current: RecordedValue;
  /** What the gate's baseline reached on those days: how hard they were. NaN where not known. */
  readonly baseline: number;
  /** On all that is held out. */
  readonly trained: Measurement;
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
  /** Both margins are wider by this factor against metrics of other days, which differ by their days alone. */
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

/**
 * Of fewer users nothing is said: resampled users are too alike then, and one alone gives no interval. What is bad beyond doubt fails the
 * gate's other checks.
 */
const LEAST_USERS = MINIMUM_SAMPLE.users;

const show = (value: number) => value.toFixed(4);

/**
 * A regression is a change for the worse beyond the margin, and more than chance: few rows show large differences that mean
 * nothing, and what is bad beyond doubt fails the gate's other checks too.
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
    check(
      {
        name: 'candidates-no-regression',
        metric: `recall@${metrics.recallK}`,
        snapshotId,
        baseline: metrics.popularityRecall,
        better: 1,
        margin: (before) => limits.maximumRecallDropShare * before,
      },
      candidateRecall,
      limits.recordedMarginFactor,
    ),
    check(
      {
        name: 'ranking-no-regression',
        metric: 'weighted per-user loss',
        snapshotId,
        baseline: metrics.floorWeightedPerUserLoss,
        better: -1,
        margin: () => limits.maximumLossRise,
      },
      weightedPerUserLoss,
      limits.recordedMarginFactor,
    ),
  ];
}

interface Compared {
  readonly name: string;
  /** A share: from 0 to 1. */
  readonly metric: string;
  /** The current one. */
  readonly snapshotId: string;
  /** The baseline's metric on all held-out rows of these days. */
  readonly baseline: number;
  /** 1 where larger is better, -1 where smaller is. */
  readonly better: 1 | -1;
  readonly margin: (before: number) => number;
}

function check(compared: Compared, current: CurrentMetric, recordedFactor: number): GateCheck {
  switch (current.origin) {
    case 're-evaluated':
      return checkReevaluated(compared, current);
    case 'recorded on the same days':
      return checkRecorded(compared, current, current.current.value, compared.margin);
    case 'recorded on other days':
      return checkRecorded(
        compared,
        current,
        expectedNow(compared, current),
        (before) => recordedFactor * compared.margin(before),
      );
  }
}

function checkReevaluated(compared: Compared, { current, trained, difference, userCount }: PairedMetric): GateCheck {
  const { name, metric, snapshotId, better, margin } = compared;
  // A comparison with NaN is neither way, so it would pass.
  const areNumbers = Number.isFinite(current) && Number.isFinite(trained);
  if (areNumbers && userCount < LEAST_USERS) return undecided(compared, { trained, current, userCount });
  const isMeasured = areNumbers && Number.isFinite(difference.low) && Number.isFinite(difference.high);
  const beyondMargin = better * (current - trained) > margin(current);
  const beyondChance = better === 1 ? difference.high < 0 : difference.low > 0;
  const interval = `${signed(difference.low)} to ${signed(difference.high)}`;
  return {
    name,
    passed: isMeasured && !(beyondMargin && beyondChance),
    detail:
      `${metric} ${show(trained)} against ${show(current)} of ${snapshotId}, both on the same held-out rows of ` +
      `${userCount} users: ${signed(trained - current)} (95%: ${interval}), ${better === 1 ? 'drop' : 'rise'} of at most ${show(margin(current))}`,
  };
}

/**
 * Days differ: on a list that a good ranker served, with neither easy pairs nor bad videos, the next ranker's loss is
 * higher, as every baseline's is. So where the baseline does worse on these days than on those of the recording, that much less
 * is asked for. Never more where it does better: a baseline's metric is chance to a third where few rows are held out, and as a
 * factor it would ask for what no model reaches (docs/decisions/0155).
 */
function expectedNow({ baseline, better }: Compared, { current, baseline: then }: RecordedMetric): number {
  const ratio = Number.isFinite(baseline) && Number.isFinite(then) && then > 0 ? baseline / then : 1;
  return toShare(current.value * (better === 1 ? Math.min(1, ratio) : Math.max(1, ratio)));
}

/** @param before - what the new snapshot is held against: NaN where it is not known */
function checkRecorded(
  compared: Compared,
  { current, trained, origin }: SameDaysMetric | RecordedMetric,
  before: number,
  margin: (before: number) => number,
): GateCheck {
  const { name, metric, better } = compared;
  const against = `${compared.snapshotId} (${origin})`;
  if (Number.isNaN(before)) return { name, passed: true, detail: `not known of ${against}` };
  const userCount = Math.floor(trained.userCount * Math.min(1, sizeRatio(current, trained)));
  if (Number.isFinite(trained.value) && userCount < LEAST_USERS) {
    return undecided(compared, { trained: trained.value, current: before, userCount });
  }
  const limit = toShare(before - better * Math.max(margin(before), chanceOf(current, trained)));
  return {
    name,
    passed: better * trained.value >= better * limit,
    detail: `${metric} ${show(trained.value)}, at ${better === 1 ? 'least' : 'most'} ${show(limit)} against ${show(before)} of ${against}`,
  };
}

/**
 * Half of the 95% interval of the difference of two measurements. A manifest holds no interval: a row is taken to have been as
 * sure as one of the new measurement, so that the width goes with the root of how many there were.
 */
function chanceOf(recorded: RecordedValue, { interval, ...measured }: Measurement): number {
  return ((interval.high - interval.low) / 2) * Math.sqrt(1 + 1 / sizeRatio(recorded, measured));
}

/** Rows of the recorded measurement for each of the new one; 1 where it is not known. */
function sizeRatio(recorded: RecordedValue, measured: Pick<Measurement, 'rowCount'>): number {
  const ratio = recorded.rowCount / measured.rowCount;
  return Number.isFinite(ratio) && ratio > 0 ? ratio : 1;
}

function undecided(
  { name, metric, snapshotId }: Compared,
  { trained, current, userCount }: { trained: number; current: number; userCount: number },
): GateCheck {
  return {
    name,
    passed: true,
    detail: `undecided: ${metric} ${show(trained)} against ${show(current)} of ${snapshotId} is of fewer than ${LEAST_USERS} users (${userCount})`,
  };
}

const toShare = (value: number) => Math.min(1, Math.max(0, value));

const signed = (value: number) => `${value < 0 ? '' : '+'}${show(value)}`;
