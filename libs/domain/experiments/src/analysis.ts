/**
 * From moments to a verdict. Everything here is arithmetic on what a reader of the archive, or a simulation, has summed up.
 */
import {
  alwaysValidP,
  around,
  boundary,
  FEWEST_USERS,
  type Interval,
  mixtureVariance,
  mostUnseenRate,
  NOTHING_KNOWN,
  requiredInformation,
  userWeights,
} from './always-valid';
import { holm } from './corrections';
import type { Experiment } from './definition';
import { normalQuantile, twoSidedNormalTail } from './distributions';
import { type EffectEstimate, estimateEffect } from './effect';
import { METRIC_NAMES, type MetricDefinition, metricOf, type MetricName } from './metrics';
import type { Moments } from './moments';

/** How the tests are tuned; one for all looks of one experiment. */
export interface TestSettings {
  readonly alpha: number;
  readonly tauSquared: number;
}

/** @param comparisonCount how many comparisons share the experiment's alpha (Bonferroni) */
export function testSettings(
  { alpha, minimumLift, power }: Pick<Experiment, 'alpha' | 'minimumLift' | 'power'>,
  comparisonCount = 1,
): TestSettings {
  const each = alpha / comparisonCount;
  return { alpha: each, tauSquared: mixtureVariance(requiredInformation(minimumLift, each, power), each) };
}

/**
 * The intervals are normal approximations, and of a handful of events they are wrong. So nothing is said until both arms have
 * `FEWEST_USERS` and one variant's value is known to a fifth of itself, which takes about 25 independent events. Where only one is,
 * as where the treatment all but ends watching, the difference is judged and not the ratio. Users who are alike in everything tell
 * nothing, however many they are.
 */
const MOST_RELATIVE_ERROR = 0.2;

/** Before there is enough to say anything, its intervals are infinite, `fixedP` is NaN and `alwaysValidP` 1. */
export interface Look {
  readonly controlUsers: number;
  readonly treatmentUsers: number;
  readonly controlValue: number;
  readonly treatmentValue: number;
  /** Treatment over control, less 1; NaN where a value is not positive. */
  readonly lift: number;
  /** Of the lift, valid for this one look at a time fixed beforehand. */
  readonly fixedInterval: Interval;
  /** Of the lift, valid at every look. */
  readonly alwaysValidInterval: Interval;
  /** Treatment less control, in the metric's unit, valid at every look. */
  readonly difference: number;
  readonly differenceInterval: Interval;
  readonly fixedP: number;
  /** Of this look alone; the least of all looks so far is valid too. */
  readonly alwaysValidP: number;
  /** 1/error² of ln(treatment/control). */
  readonly information: number;
  readonly varianceReduction: number;
}

export function look(
  control: Moments,
  treatment: Moments,
  metric: MetricDefinition,
  settings: TestSettings,
  options: { adjust?: boolean } = {},
): Look {
  const effect = estimateEffect(control, treatment, metric, options);
  return lookOf(effect, settings, () => unseenDifference(control, treatment, metric, settings.alpha));
}

function lookOf(effect: EffectEstimate, { alpha, tauSquared }: TestSettings, early: () => Interval): Look {
  const { control, treatment, logRatio, logRatioError, difference, differenceError, varianceReduction } = effect;
  const hasUsers = Math.min(control.userCount, treatment.userCount) >= FEWEST_USERS && differenceError > 0;
  const settled = [control, treatment].filter(
    ({ adjusted, variance }) => hasUsers && adjusted > 0 && Math.sqrt(variance) <= MOST_RELATIVE_ERROR * adjusted,
  );
  const isTooEarly = settled.length === 0;
  const hasRatio = settled.length === 2;
  // Of the difference as a share of a settled arm's value.
  const information = hasRatio ? logRatioError ** -2 : ((settled[0]?.adjusted ?? NaN) / differenceError) ** 2;
  const reach = boundary(information, tauSquared, alpha);
  const z = hasRatio ? logRatio / logRatioError : difference / differenceError;
  const lifted = (width: number): Interval => {
    if (hasRatio) {
      const { low, high } = around(logRatio, width * logRatioError);
      return { low: Math.expm1(low), high: Math.expm1(high) };
    }
    // The logarithm of a value that is hardly known is far from normal; its difference to a known control is not.
    if (!settled.includes(control)) return NOTHING_KNOWN;
    return around(difference / control.adjusted, (width * differenceError) / control.adjusted);
  };
  return {
    controlUsers: control.userCount,
    treatmentUsers: treatment.userCount,
    controlValue: control.adjusted,
    treatmentValue: treatment.adjusted,
    lift: Math.expm1(logRatio),
    fixedInterval: lifted(normalQuantile(1 - alpha / 2)),
    alwaysValidInterval: lifted(reach),
    difference,
    differenceInterval: isTooEarly ? early() : around(difference, reach * differenceError),
    fixedP: isTooEarly ? NaN : twoSidedNormalTail(z),
    alwaysValidP: isTooEarly ? 1 : alwaysValidP(z, information, tauSquared),
    information: logRatioError > 0 ? logRatioError ** -2 : NaN,
    varianceReduction,
  };
}

/** What has been seen in neither variant is rare in both: how rare follows from how many users have had the occasion. */
function unseenDifference(
  control: Moments,
  treatment: Moments,
  { isShare, numerator, denominator }: MetricDefinition,
  alpha: number,
): Interval {
  if (!isShare || denominator === undefined) return NOTHING_KNOWN;
  const arms = [control, treatment];
  if (arms.some((arm) => arm.sum(numerator) !== 0 || arm.sum(denominator) === 0)) return NOTHING_KNOWN;
  const [ofControl, ofTreatment, ofAll] = [...arms, control.copy().addAll(treatment)].map((moments) =>
    userWeights(moments, denominator),
  );
  return {
    low: -mostUnseenRate(ofControl, ofAll, alpha / 2),
    high: mostUnseenRate(ofTreatment, ofAll, alpha / 2),
  };
}

export type MetricState = 'better' | 'worse' | 'open';

export interface MetricResult {
  readonly metric: MetricName;
  readonly role: 'primary' | 'guardrail' | 'other';
  /** Guardrails: the harm that is put up with, a share of the control's; of all, where neither variant has anything yet. */
  readonly mostHarm: number | undefined;
  /** One a day, the last is the newest. */
  readonly looks: readonly Look[];
  /** Least always-valid p of all looks. */
  readonly p: number;
  /** By the newest always-valid interval: whether it leaves no change out, and on which side; see `metricResults`. */
  readonly state: MetricState;
  /** Guardrails: `held` once harm beyond `mostHarm` is ruled out, `broken` once it is certain. */
  readonly guardrail: 'held' | 'broken' | 'open' | undefined;
}

export function metricResult(
  name: MetricName,
  days: readonly { readonly control: Moments; readonly treatment: Moments }[],
  experiment: Experiment,
  settings: TestSettings,
): MetricResult {
  const metric = metricOf(name);
  const looks = days.map(({ control, treatment }) => look(control, treatment, metric, settings));
  const last = looks.at(-1);
  const mostHarm = experiment.guardrails.find((guardrail) => guardrail.metric === name)?.mostHarm;
  const isPrimary = name === experiment.primaryMetric;
  return {
    metric: name,
    role: isPrimary ? 'primary' : mostHarm === undefined ? 'other' : 'guardrail',
    mostHarm,
    looks,
    p: looks.reduce((least, { alwaysValidP: p }) => (p < least ? p : least), 1),
    state: last === undefined ? 'open' : stateOf(last, metric),
    guardrail: mostHarm === undefined || last === undefined ? undefined : guardrailOf(last, metric, mostHarm),
  };
}

/**
 * All metrics. Those that decide nothing are many, and each would differ in one of twenty experiments without an effect: they are
 * called better or worse only where they are so for all of them at once (Holm, of the least always-valid p of each).
 */
export function metricResults(
  days: readonly { readonly control: Moments; readonly treatment: Moments }[],
  experiment: Experiment,
  settings: TestSettings,
): MetricResult[] {
  const results = METRIC_NAMES.map((name) => metricResult(name, days, experiment, settings));
  const others = results.filter(({ role }) => role === 'other');
  const corrected = holm(others.map(({ p }) => p));
  return results.map((result) => {
    const index = others.indexOf(result);
    return index < 0 || corrected[index] <= settings.alpha ? result : { ...result, state: 'open' };
  });
}

/** The change for the better that is at least, and at most, compatible with the look; shares of the control's value. */
function goodness(newest: Look, { better }: MetricDefinition): Interval {
  const { alwaysValidInterval, differenceInterval, controlValue, treatmentValue } = newest;
  const hasLift = Number.isFinite(alwaysValidInterval.low);
  // Where the control alone has nothing, every change is larger than any share of it: only its direction counts. Where neither has
  // anything there is no share of it either, and what is bounded is the share itself.
  const ofNothing = treatmentValue === 0 ? 1 : 1e-12;
  const scale = hasLift ? 1 : controlValue > 0 ? controlValue : ofNothing;
  const { low, high } = hasLift ? alwaysValidInterval : differenceInterval;
  return better === 'higher' ? { low: low / scale, high: high / scale } : { low: -high / scale, high: -low / scale };
}

function stateOf(newest: Look, metric: MetricDefinition): MetricState {
  const { low, high } = goodness(newest, metric);
  return low > 0 ? 'better' : high < 0 ? 'worse' : 'open';
}

function guardrailOf(newest: Look, metric: MetricDefinition, mostHarm: number): MetricResult['guardrail'] {
  const { low, high } = goodness(newest, metric);
  return high < -mostHarm ? 'broken' : low >= -mostHarm ? 'held' : 'open';
}

export interface CohortResult {
  readonly dimension: string;
  readonly cohort: string;
  /** Of the primary metric; its intervals hold for all cohorts at once (alpha shared out by Bonferroni). */
  readonly look: Look;
  /** Always-valid p, corrected by Holm for the number of cohorts. */
  readonly correctedP: number;
  readonly state: MetricState;
}

/** The primary metric by cohort, corrected for looking at all of them. */
export function cohortResults(
  cohorts: readonly {
    readonly dimension: string;
    readonly cohort: string;
    readonly control: Moments;
    readonly treatment: Moments;
  }[],
  experiment: Experiment,
  comparisonCount: number,
): CohortResult[] {
  const metric = metricOf(experiment.primaryMetric);
  const judged = cohorts.filter(({ control, treatment }) => Math.min(control.userCount, treatment.userCount) >= 2);
  const shared = testSettings(experiment, comparisonCount * Math.max(1, judged.length));
  const single = testSettings(experiment, comparisonCount);
  const corrected = holm(
    judged.map(({ control, treatment }) => {
      const p = look(control, treatment, metric, single).alwaysValidP;
      return Number.isNaN(p) ? 1 : p;
    }),
  );
  return judged.map(({ dimension, cohort, control, treatment }, index) => {
    const newest = look(control, treatment, metric, shared);
    return { dimension, cohort, look: newest, correctedP: corrected[index], state: stateOf(newest, metric) };
  });
}

export const VERDICTS = {
  hidden: 'no result: the data are not to be trusted',
  'too-early': 'no result yet: too few users',
  harmful: 'stop: a guardrail is broken',
  worse: 'stop: the primary metric is worse',
  ship: 'ship: the primary metric is better and every guardrail holds',
  'better-guardrails-open': 'go on: the primary metric is better, but a guardrail is not settled',
  'ended-guardrails-open': 'ended: the primary metric is better, but a guardrail was not settled',
  'go-on': 'go on: no difference shown yet',
  'no-difference': 'ended: no difference shown',
} as const;
export type Verdict = keyof typeof VERDICTS;

export function verdictOf(results: readonly MetricResult[], isOver: boolean): Verdict {
  const guardrails = results.filter(({ guardrail }) => guardrail !== undefined);
  if (guardrails.some(({ guardrail }) => guardrail === 'broken')) return 'harmful';
  const primary = results.find(({ role }) => role === 'primary');
  const newest = primary?.looks.at(-1);
  if (!newest || Number.isNaN(newest.fixedP)) return 'too-early';
  if (primary!.state === 'worse') return 'worse';
  if (primary!.state === 'better') {
    if (guardrails.every(({ guardrail }) => guardrail === 'held')) return 'ship';
    return isOver ? 'ended-guardrails-open' : 'better-guardrails-open';
  }
  return isOver ? 'no-difference' : 'go-on';
}
