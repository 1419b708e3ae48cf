/**
 * The numbers of an input row that are no embeddings: who asks (paper §3.3) and the example age (§3.4).
 *
 * Example age enters as hat functions: knot k, at the share k / (knots − 1) of the training window, gets
 * max(0, 1 − distance to it in knots), so that an age lights the two knots beside it and any piecewise linear course over
 * the window is one linear layer away. The paper feeds the age itself; with that and its square the tower of a hundred
 * units drew the course of a video's popularity so coarsely that next-watch hits on MovieTweetings stood at 0.22 where
 * 16 knots give 0.25.
 */
import type { CandidateFeatures } from '@watchnext/features';
import type { CandidateModelConfig } from './config';

/** What each real is before those of the example age. All lie in [0, 1]. */
export const PROFILE_REALS = [
  'age / 100',
  'age missing',
  'gender (female 0, other or unknown 0.5, male 1)',
  'gender missing',
  'logged in',
] as const;

/** Counts of the user's state, of which the model sees count / (count + 10); they stand before the example age. */
export const COUNT_REALS: readonly ((features: CandidateFeatures) => number | undefined)[] = [];
const HALF_COUNT = 10;

const GENDER_REALS: Record<number, number> = { 1: 0, 2: 1, 3: 0.5 };

/** Where among the reals the knots of the example age begin. */
export const FIRST_KNOT = PROFILE_REALS.length + COUNT_REALS.length;

export function realCount({ exampleAgeKnots }: Pick<CandidateModelConfig, 'exampleAgeKnots'>): number {
  return FIRST_KNOT + exampleAgeKnots;
}

/**
 * Writes `realCount` numbers.
 * @param exampleAgeShare example age as a share of the training window: 0 when serving; what lies outside counts as its end
 */
export function writeReals(
  features: CandidateFeatures,
  exampleAgeShare: number,
  config: Pick<CandidateModelConfig, 'exampleAgeKnots'>,
  out: Float32Array,
  offset: number,
): void {
  out[offset] = Math.min(features.ageYears / 100, 1);
  out[offset + 1] = features.ageYears === 0 ? 1 : 0;
  out[offset + 2] = GENDER_REALS[features.gender] ?? 0.5;
  out[offset + 3] = features.gender in GENDER_REALS ? 0 : 1;
  out[offset + 4] = features.loggedIn ? 1 : 0;
  COUNT_REALS.forEach((countOf, index) => {
    const count = countOf(features) ?? 0;
    out[offset + PROFILE_REALS.length + index] = count / (count + HALF_COUNT);
  });
  const knotCount = config.exampleAgeKnots;
  const inKnots = Math.min(Math.max(exampleAgeShare, 0), 1) * Math.max(knotCount - 1, 0);
  const from = offset + FIRST_KNOT;
  for (let knot = 0; knot < knotCount; knot++) out[from + knot] = Math.max(0, 1 - Math.abs(inKnots - knot));
}
