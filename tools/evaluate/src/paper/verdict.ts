/** Whether an ordering holds, and how sure that is. */
import { comparePaired, type IndexSource, type Interval, meanOverSeeds, UserRatio } from '@watchnext/evaluation';
import { type AgeCurve, compareCurves } from './age-curve';
import type { UserRows } from './units';

/** Of one seed nothing can be told: another training may turn it. */
export type Verdict = 'holds' | 'does not hold' | 'cannot be told' | 'one seed';

export interface Difference {
  /** By how much the one that should be better is: above 0 where it is. */
  readonly gain: number;
  /** By bootstrap paired on users, seeds taken together. */
  readonly interval95: readonly [number, number];
  /** By Student's t over the seeds; absent of one seed. */
  readonly acrossSeeds95?: readonly [number, number];
}

export interface Judgement {
  /** Of users and of seeds together; absent of one seed. */
  readonly both95?: readonly [number, number];
  /** Whether `both95` leaves room for zero. */
  readonly verdict: Verdict;
}

export type Comparison = Difference & Judgement;

/**
 * @param better, worse each seed's rows, the same seeds and users in both
 * @param lowerIsBetter of a loss
 */
export function compareRows(
  better: readonly UserRows[],
  worse: readonly UserRows[],
  lowerIsBetter: boolean,
  random: IndexSource,
): Comparison {
  const [high, low] = lowerIsBetter ? [worse, better] : [better, worse];
  const bySeed = high.map((rows, seed) => ratioOf([rows]).value() - ratioOf([low[seed]]).value());
  const { difference, interval } = comparePaired(ratioOf(high), ratioOf(low), random);
  return judged(difference, interval, bySeed);
}

/** The same of curves, by the share of watches that they put at a wrong age. */
export function compareCurveSeeds(
  better: readonly AgeCurve[],
  worse: readonly AgeCurve[],
  random: IndexSource,
): Comparison {
  const bySeed = better.map((curve, seed) => compareCurves([curve], [worse[seed]], random, 1).difference);
  const { difference, interval } = compareCurves(better, worse, random);
  return judged(difference, interval, bySeed);
}

export function ratioOf(bySeed: readonly UserRows[]): UserRatio {
  const ratio = new UserRatio();
  for (const rows of bySeed)
    for (const [userId, numerator, denominator] of rows) ratio.add(userId, numerator, denominator);
  return ratio;
}

function judged(gain: number, { low, high }: Interval, bySeed: readonly number[]): Comparison {
  const acrossSeeds95 = acrossSeeds(bySeed);
  const difference = { gain, interval95: [low, high] as const, ...(acrossSeeds95 ? { acrossSeeds95 } : {}) };
  return { ...difference, ...judge(difference) };
}

/** What the intervals say. Of a report that was kept it is asked anew: rules change. */
export function judge({ gain, interval95, acrossSeeds95 }: Difference): Judgement {
  if (!acrossSeeds95) return { verdict: 'one seed' };
  const both95 = overUsersAndSeeds(gain, interval95, (acrossSeeds95[1] - acrossSeeds95[0]) / 2);
  return { both95, verdict: both95[0] > 0 ? 'holds' : both95[1] < 0 ? 'does not hold' : 'cannot be told' };
}

/**
 * The 95% interval of what is uncertain twice over: users are a sample, and so are seeds. The distances of both intervals' ends from
 * the estimate are added as squares (Zou and Donner's recovery of variances, Statistics in Medicine 2008), which needs no degrees
 * of freedom and keeps the skew of a bootstrap. It holds the truth 95% of the time where one source outweighs the other, and
 * more often where they are alike.
 *
 * @param overUsers by bootstrap, seeds taken together
 * @param seedHalfWidth by Student's t
 */
export function overUsersAndSeeds(
  estimate: number,
  [low, high]: readonly [number, number],
  seedHalfWidth: number,
): readonly [number, number] {
  return [estimate - Math.hypot(estimate - low, seedHalfWidth), estimate + Math.hypot(high - estimate, seedHalfWidth)];
}

/** In the words of a table of orderings. */
export function verdictText(verdict: Verdict): string {
  if (verdict === 'holds') return '**holds**';
  return verdict === 'one seed' ? 'cannot be told of one seed' : verdict;
}

/** By Student's t; undefined of one seed. */
export function acrossSeeds(values: readonly number[]): readonly [number, number] | undefined {
  if (values.length < 2) return undefined;
  const { mean, halfWidth } = meanOverSeeds(values);
  return [mean - halfWidth, mean + halfWidth];
}
