/**
 * Sample-ratio check: did the variants get the users that their shares promise? Where not, whatever lost or added
 * users may have chosen them by how they behave, and no comparison of the rest means anything.
 *
 * Two numbers: Pearson's chi-square, for one look, and a sequential p-value, valid at every look, which decides: a
 * mixture of Dirichlets over shares around the promised ones (Lindon and Malek, "Anytime-valid inference for multinomial
 * count data", NeurIPS 2022).
 */
import { binomialProbability, chiSquareTail, logGamma } from './distributions';

/**
 * Sums of the Dirichlets' parameters: of an even split they are sharpest for deviations of about 16, 5, 1.6 and 0.5 percentage
 * points. The mean of their Bayes factors is one as well, so it may be looked at as often, and costs at most a factor of four.
 * A single one is blind to what is far from its own size: 1,000 let a variant lose half of its first hundred users.
 */
const CONCENTRATIONS = [10, 100, 1_000, 10_000];
/** Sequential p-value below which the result is hidden. */
export const SAMPLE_RATIO_ALPHA = 0.01;

export interface SampleRatioCheck {
  readonly counts: readonly number[];
  readonly expectedShares: readonly number[];
  readonly chiSquare: number;
  readonly chiSquareP: number;
  readonly sequentialP: number;
  readonly passed: boolean;
}

/** @param shares in any unit, all positive */
export function checkSampleRatio(counts: readonly number[], shares: readonly number[]): SampleRatioCheck {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const whole = shares.reduce((sum, share) => sum + share, 0);
  const expectedShares = shares.map((share) => share / whole);
  const chiSquare = chiSquareOf(counts, total, expectedShares);
  const logBayesFactors = CONCENTRATIONS.map((sum) => logBayesFactor(counts, total, expectedShares, sum));
  const most = Math.max(...logBayesFactors);
  const mean = logBayesFactors.reduce((sum, one) => sum + Math.exp(one - most), 0) / CONCENTRATIONS.length;
  const sequentialP = Math.min(1, Math.exp(-most) / mean);
  return {
    counts,
    expectedShares,
    chiSquare,
    chiSquareP: chiSquareTail(chiSquare, counts.length - 1),
    sequentialP,
    passed: sequentialP >= SAMPLE_RATIO_ALPHA,
  };
}

/**
 * How often the chi-square p of users that are split in two as their share says is below `alpha`. Not `alpha`: counts are whole, so
 * of 100 users and an even split it is 0.057 for 0.05, of 150 users 0.041.
 * @param share of the first variant, between 0 and 1
 */
export function chiSquareAlarmRate(total: number, share: number, alpha: number): number {
  const isQuiet = (count: number) => pairChiSquareP(count, total, share) >= alpha;
  // Chi-square grows to both sides of the expected count: all quiet counts are next to each other.
  const middle = Math.round(total * share);
  let quiet = 0;
  for (let count = middle; count >= 0 && isQuiet(count); count--) quiet += binomialProbability(total, count, share);
  for (let count = middle + 1; count <= total && isQuiet(count); count++)
    quiet += binomialProbability(total, count, share);
  return Math.max(0, 1 - quiet);
}

/** @param count of `total` users those in the first of two variants, which has the share */
export function pairChiSquareP(count: number, total: number, share: number): number {
  return chiSquareTail(chiSquareOf([count, total - count], total, [share, 1 - share]), 1);
}

function chiSquareOf(counts: readonly number[], total: number, expectedShares: readonly number[]): number {
  if (total === 0) return 0;
  return counts.reduce((sum, count, i) => {
    const expected = total * expectedShares[i];
    return sum + (count - expected) ** 2 / expected;
  }, 0);
}

/** ln of how much more probable the counts are under Dirichlet-distributed shares than under the promised ones. */
function logBayesFactor(
  counts: readonly number[],
  total: number,
  expectedShares: readonly number[],
  concentration: number,
): number {
  return counts.reduce(
    (sum, count, i) => {
      const a = concentration * expectedShares[i];
      return sum + logGamma(a + count) - logGamma(a) - count * Math.log(expectedShares[i]);
    },
    logGamma(concentration) - logGamma(concentration + total),
  );
}
