/**
 * What another policy would have earned, estimated from what a logging policy drew and how probable each draw was.
 *
 *   inverse propensity   mean of w·r,  w = π(a|x)/μ(a|x)          unbiased, high variance (Horvitz and Thompson 1952)
 *   self-normalised      Σ w·r / Σ w                             biased as 1/n, bounded by the rewards (Swaminathan, Joachims 2015)
 *   doubly robust        mean of Σ_b π(b|x)·q(x,b) + w·(r − q(x,a))  unbiased if the propensities or q are right (Dudík et al. 2011)
 *
 * Errors treat the draws of one user as one (they hang together). The effective sample size is Kish's (Σw)²/Σw². An
 * estimate is refused where it rests on too few draws: then its own error cannot be trusted either.
 */
import { normalQuantile } from './distributions';
import { around, type Interval } from './always-valid';

export interface LoggedDraw {
  readonly userId: string;
  /** μ(a|x), of the option that was drawn; in (0, 1]. */
  readonly propensity: number;
  /** π(a|x), of the same option under the policy to be valued. */
  readonly targetProbability: number;
  readonly reward: number;
  /** q(x, a), the reward predicted of the option drawn; with `predictedOfTarget` it makes the estimate doubly robust. */
  readonly predicted?: number;
  /** Σ_b π(b|x)·q(x, b). */
  readonly predictedOfTarget?: number;
}

export interface OffPolicyLimits {
  /** Least effective sample size. */
  readonly minimumEffectiveDraws: number;
  /** Most that a single draw may weigh, as a share of all weights. */
  readonly largestWeightShare: number;
}

export const DEFAULT_OFF_POLICY_LIMITS: OffPolicyLimits = { minimumEffectiveDraws: 100, largestWeightShare: 0.05 };

export interface ValueEstimate {
  readonly value: number;
  readonly standardError: number;
  readonly interval95: Interval;
}

export interface OffPolicyEstimate {
  readonly drawCount: number;
  readonly userCount: number;
  readonly effectiveDraws: number;
  readonly largestWeightShare: number;
  /** Mean weight: 1 but for chance where the propensities are right. */
  readonly meanWeight: number;
  /** Mean reward of the logging policy, on the same draws. */
  readonly logged: ValueEstimate;
  /** Why there is no estimate; then there are no values. */
  readonly refusal: string | undefined;
  readonly inversePropensity: ValueEstimate | undefined;
  readonly selfNormalised: ValueEstimate | undefined;
  readonly doublyRobust: ValueEstimate | undefined;
}

/** @throws RangeError for a draw whose probabilities are none */
export function estimateOffPolicy(
  draws: readonly LoggedDraw[],
  limits: OffPolicyLimits = DEFAULT_OFF_POLICY_LIMITS,
): OffPolicyEstimate {
  const users = new Map<string, number>();
  const userOf = draws.map(({ userId }) => {
    let index = users.get(userId);
    if (index === undefined) users.set(userId, (index = users.size));
    return index;
  });
  const weights = draws.map(weightOf);
  const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  const total = sumOf(weights);
  const effectiveDraws = total > 0 ? total ** 2 / weights.reduce((sum, w) => sum + w * w, 0) : 0;
  const largestWeightShare = total > 0 ? weights.reduce((a, b) => Math.max(a, b), 0) / total : 0;

  /** Σ of the terms over n, its error from sums by user. */
  const meanOf = (terms: readonly number[], residuals: readonly number[], divisor: number): ValueEstimate => {
    const byUser = new Float64Array(users.size);
    residuals.forEach((residual, i) => (byUser[userOf[i]] += residual));
    const centre = sumOf(residuals) / users.size;
    const spread = byUser.reduce((sum, value) => sum + (value - centre) ** 2, 0);
    const value = sumOf(terms) / divisor;
    const standardError = Math.sqrt((spread * users.size) / Math.max(1, users.size - 1)) / divisor;
    return { value, standardError, interval95: around(value, normalQuantile(0.975) * standardError) };
  };
  const plainMean = (terms: readonly number[]) => {
    const mean = sumOf(terms) / terms.length;
    return meanOf(
      terms,
      terms.map((term) => term - mean),
      terms.length,
    );
  };
  const shared = {
    drawCount: draws.length,
    userCount: users.size,
    effectiveDraws,
    largestWeightShare,
    meanWeight: total / draws.length,
    logged: plainMean(draws.map(({ reward }) => reward)),
  };
  const refusal = refusalOf(effectiveDraws, largestWeightShare, limits);
  if (refusal !== undefined) {
    return { ...shared, refusal, inversePropensity: undefined, selfNormalised: undefined, doublyRobust: undefined };
  }
  const weighted = draws.map(({ reward }, i) => weights[i] * reward);
  const ratio = sumOf(weighted) / total;
  const robust = draws.every(
    ({ predicted, predictedOfTarget }) => predicted !== undefined && predictedOfTarget !== undefined,
  )
    ? plainMean(
        draws.map(
          ({ reward, predicted, predictedOfTarget }, i) => predictedOfTarget! + weights[i] * (reward - predicted!),
        ),
      )
    : undefined;
  return {
    ...shared,
    refusal: undefined,
    inversePropensity: plainMean(weighted),
    selfNormalised: meanOf(
      weighted,
      draws.map(({ reward }, i) => weights[i] * (reward - ratio)),
      total,
    ),
    doublyRobust: robust,
  };
}

function weightOf({ propensity, targetProbability }: LoggedDraw): number {
  if (!(propensity > 0 && propensity <= 1)) throw new RangeError(`a propensity is in (0, 1], not ${propensity}`);
  if (!(targetProbability >= 0 && targetProbability <= 1 + 1e-6))
    throw new RangeError(`a probability is in [0, 1], not ${targetProbability}`);
  return targetProbability / propensity;
}

function refusalOf(effective: number, largest: number, limits: OffPolicyLimits): string | undefined {
  if (effective < limits.minimumEffectiveDraws) {
    return `effective sample size ${effective.toFixed(1)} is below ${limits.minimumEffectiveDraws}: the policies have too little in common, or too little was logged`;
  }
  if (largest > limits.largestWeightShare) {
    return `one draw carries ${(100 * largest).toFixed(1)}% of the weight, more than ${(100 * limits.largestWeightShare).toFixed(1)}%: log more draws, or with more chance`;
  }
  return undefined;
}
