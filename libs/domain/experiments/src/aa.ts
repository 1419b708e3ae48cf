/**
 * A/A tests: users split by chance, with nothing that differs between the variants, so that whatever is found is a false alarm. Each
 * split anew, of the same users, is a draw of its own of the only chance there is, the assignment's; so the alarms of many splits are
 * binomial, and p-values of one look evenly spread, whatever the users do. Where they are not, it is the analysis that errs: a variance
 * that takes impressions for independent, too few users for a normal approximation.
 */
import type { Look } from './analysis';
import { type HeldRate, holdRate } from './held-rate';
import type { MetricName } from './metrics';
import { smallestLift } from './power';
import {
  checkSampleRatio,
  chiSquareAlarmRate,
  pairChiSquareP,
  SAMPLE_RATIO_ALPHA,
  type SampleRatioCheck,
} from './sample-ratio';

/** What a report would have said of one metric, had this been its split. */
export interface AaOutcome {
  /** At the end. */
  readonly look: Look;
  /** Least always-valid p of all looks. */
  readonly p: number;
}

export interface AaSettings {
  /** Of each comparison, as `testSettings` gives it. */
  readonly alpha: number;
  readonly power: number;
  /** How often each check may call what is sound unsound. */
  readonly error: number;
}

export interface AaMetric {
  readonly metric: MetricName;
  /** Splits of which a report says something; see `Look`. */
  readonly judged: number;
  /** Called different at one look, at the end. Undefined where too few splits are judged to say. */
  readonly oneLook: HeldRate | undefined;
  /** Called different at some look, of all. */
  readonly everyLook: HeldRate;
  /** p-values of one look, counted in equal parts of 0 to 1. */
  readonly histogram: readonly number[];
  /** Of the histogram being even (chi-square); undefined as `oneLook`. */
  readonly evenP: number | undefined;
  /** Half the width of the lift's interval, mean over the splits; NaN where there is none. */
  readonly fixedReach: number;
  readonly alwaysValidReach: number;
  /** The lift that users of this number show with the power, at one look. */
  readonly smallestLift: number;
  /** What is not as promised; empty: it is. */
  readonly objections: readonly string[];
}

/** The first part is that of p below 0.05. */
const PARTS = 20;
/** Chi-square needs five of each part. */
const FEWEST_JUDGED = 5 * PARTS;

export function judgeAa(metric: MetricName, outcomes: readonly AaOutcome[], settings: AaSettings): AaMetric {
  const { alpha, power, error } = settings;
  const looks = outcomes.map(({ look }) => look).filter(({ fixedP }) => !Number.isNaN(fixedP));
  const isEnough = looks.length >= FEWEST_JUDGED;
  const countBelow = (values: readonly number[]) => values.filter((value) => value < alpha).length;
  const fixedPs = looks.map(({ fixedP }) => fixedP);
  const oneLook = isEnough
    ? holdRate({ promised: alpha, kind: 'is' }, countBelow(fixedPs), looks.length, error)
    : undefined;
  const alarms = countBelow(outcomes.map(({ p }) => p));
  const everyLook = holdRate({ promised: alpha, kind: 'at-most' }, alarms, outcomes.length, error);
  const histogram = new Array<number>(PARTS).fill(0);
  for (const p of fixedPs) histogram[Math.min(PARTS - 1, Math.floor(PARTS * p))]++;
  const evenP = isEnough ? checkSampleRatio(histogram, new Array<number>(PARTS).fill(1)).chiSquareP : undefined;
  const objections: string[] = [];
  if (oneLook && !oneLook.kept)
    objections.push(oneLook.rate > alpha ? 'too many differences at one look' : 'too few differences at one look');
  if (!everyLook.kept) objections.push('too many differences at daily looks');
  if (evenP !== undefined && evenP < error) objections.push('p-values are unevenly spread');
  return {
    metric,
    judged: looks.length,
    oneLook,
    everyLook,
    histogram,
    evenP,
    fixedReach: meanReach(looks, 'fixedInterval'),
    alwaysValidReach: meanReach(looks, 'alwaysValidInterval'),
    smallestLift: smallestLift(mean(looks.map(({ information }) => information)), alpha, power),
    objections,
  };
}

export interface AaSampleRatio {
  /** Splits of which the result would have been hidden at some look. */
  readonly hidden: HeldRate;
  /**
   * Splits with a chi-square p of one look, at the end, below `DOUBTFUL_P`; of three variants and more, of each variant against those
   * after it. Promised is how often that is so of as many users.
   */
  readonly doubtful: HeldRate;
  readonly objections: readonly string[];
}

/** Common enough to be counted: below that of the report's warning there is none in most checks of 500 splits. */
export const DOUBTFUL_P = 0.05;

/** @param splits of each split the checks of all looks */
export function judgeAaSampleRatio(splits: readonly (readonly SampleRatioCheck[])[], error: number): AaSampleRatio {
  const hiddenCount = splits.filter((looks) => looks.some(({ passed }) => !passed)).length;
  const hidden = holdRate({ promised: SAMPLE_RATIO_ALPHA, kind: 'at-most' }, hiddenCount, splits.length, error);
  const doubtful = holdDoubtful(
    splits.map((looks) => looks.at(-1)!),
    error,
  );
  return {
    hidden,
    doubtful,
    objections: [
      ...(hidden.kept ? [] : ['the sample ratio hides too many results']),
      ...(doubtful.kept ? [] : ['users are not split as their shares say']),
    ],
  };
}

/**
 * Of several variants the first takes its users of all, the second of those who are left, and so on: pairs, of which each has a rate that
 * one sum gives. Where pairs differ in their users, and so in their rates, the binomial distribution of the mean rate is a little
 * wider than that of the count (Hoeffding): nothing sound is called unsound for it.
 */
function holdDoubtful(checks: readonly SampleRatioCheck[], error: number): HeldRate {
  const rates = new Map<string, number>();
  let doubtfulCount = 0;
  let pairCount = 0;
  let promisedSum = 0;
  for (const { counts, expectedShares } of checks) {
    for (let first = 0; first + 1 < counts.length; first++) {
      const total = sumOf(counts.slice(first));
      const share = expectedShares[first] / sumOf(expectedShares.slice(first));
      const key = `${first} ${total}`;
      const rate = rates.get(key) ?? chiSquareAlarmRate(total, share, DOUBTFUL_P);
      rates.set(key, rate);
      promisedSum += rate;
      pairCount++;
      if (pairChiSquareP(counts[first], total, share) < DOUBTFUL_P) doubtfulCount++;
    }
  }
  return holdRate({ promised: promisedSum / pairCount, kind: 'is' }, doubtfulCount, pairCount, error);
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

function meanReach(looks: readonly Look[], interval: 'fixedInterval' | 'alwaysValidInterval'): number {
  return mean(looks.map((look) => (look[interval].high - look[interval].low) / 2));
}

/** Of what is finite. */
function mean(values: readonly number[]): number {
  const known = values.filter(Number.isFinite);
  return sumOf(known) / known.length;
}
