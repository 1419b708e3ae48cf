/** Whether an ordering holds, and how sure that is. */
import { comparePaired, type IndexSource, type Interval, meanOverSeeds, UserRatio } from '@watchnext/evaluation';
import { type AgeCurve, compareCurves } from './age-curve';
import type { UserRows } from './units';

export type Verdict = 'holds' | 'does not hold' | 'cannot be told';

export interface Comparison {
  /** By how much the one that should be better is: above 0 where it is. */
  readonly gain: number;
  /** By bootstrap paired on users, seeds taken together. */
  readonly interval95: readonly [number, number];
  /** By Student's t over the seeds; absent of one seed. */
  readonly acrossSeeds95?: readonly [number, number];
  readonly verdict: Verdict;
}

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

/** Both must leave no room for zero: users are a sample, and so are seeds. */
function judged(gain: number, { low, high }: Interval, bySeed: readonly number[]): Comparison {
  const acrossSeeds95 = acrossSeeds(bySeed);
  const least = Math.min(low, acrossSeeds95?.[0] ?? low);
  const most = Math.max(high, acrossSeeds95?.[1] ?? high);
  const verdict = least > 0 ? 'holds' : most < 0 ? 'does not hold' : 'cannot be told';
  return { gain, interval95: [low, high], ...(acrossSeeds95 ? { acrossSeeds95 } : {}), verdict };
}

/** By Student's t; undefined of one seed. */
export function acrossSeeds(values: readonly number[]): readonly [number, number] | undefined {
  if (values.length < 2) return undefined;
  const { mean, halfWidth } = meanOverSeeds(values);
  return [mean - halfWidth, mean + halfWidth];
}
