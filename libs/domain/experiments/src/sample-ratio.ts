/**
 * Sample-ratio check: did the variants get the users that their shares promise? Where not, whatever lost or added
 * users may have chosen them by how they behave, and no comparison of the rest means anything.
 *
 * Two numbers: Pearson's chi-square, for one look, and a sequential p-value, valid at every look, which decides: a
 * Dirichlet mixture over shares around the promised ones (Lindon and Malek, "Anytime-valid inference for multinomial
 * count data", NeurIPS 2022).
 */
import { chiSquareTail, logGamma } from './distributions';

/** Sum of the Dirichlet's parameters: sharpest for deviations of about 1.6 percentage points of an even split. */
const CONCENTRATION = 1_000;
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
  const chiSquare =
    total === 0
      ? 0
      : counts.reduce(
          (sum, count, i) => sum + (count - total * expectedShares[i]) ** 2 / (total * expectedShares[i]),
          0,
        );
  let logBayesFactor = logGamma(CONCENTRATION) - logGamma(CONCENTRATION + total);
  counts.forEach((count, i) => {
    const a = CONCENTRATION * expectedShares[i];
    logBayesFactor += logGamma(a + count) - logGamma(a) - count * Math.log(expectedShares[i]);
  });
  const sequentialP = Math.min(1, Math.exp(-logBayesFactor));
  return {
    counts,
    expectedShares,
    chiSquare,
    chiSquareP: chiSquareTail(chiSquare, counts.length - 1),
    sequentialP,
    passed: sequentialP >= SAMPLE_RATIO_ALPHA,
  };
}
