/**
 * What another policy would have earned, estimated from what a logging policy drew and how probable each draw was.
 *
 *   inverse propensity   mean of w·r,  w = π(a|x)/μ(a|x)          unbiased, high variance (Horvitz and Thompson 1952)
 *   self-normalised      Σ w·r / Σ w                             biased as 1/n, bounded by the rewards (Swaminathan, Joachims 2015)
 *   doubly robust        mean of Σ_b π(b|x)·q(x,b) + w·(r − q(x,a))  unbiased if the propensities or q are right (Dudík et al. 2011)
 *
 * Errors treat the draws of one user as one (they hang together), and intervals are Student's, with a degree of freedom less than
 * there are effective users. Effective sample sizes are Kish's (Σw)²/Σw², of draws and of users by the sums of their weights. An
 * estimate is refused where it rests on too few of either: then its own error cannot be trusted either. One of a single user, however
 * many draws he has, is zero.
 */
import { around, FEWEST_USERS, type Interval } from './always-valid';
import { studentQuantile } from './distributions';

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
  readonly minimumEffectiveDraws: number;
  readonly minimumEffectiveUsers: number;
  /** Most that the draws of a single user may weigh, as a share of all weights. */
  readonly largestUserShare: number;
}

export const DEFAULT_OFF_POLICY_LIMITS: OffPolicyLimits = {
  minimumEffectiveDraws: 100,
  minimumEffectiveUsers: FEWEST_USERS,
  largestUserShare: 0.05,
};

export interface ValueEstimate {
  readonly value: number;
  readonly standardError: number;
  /** Infinite where fewer than the least number of users bear it. */
  readonly interval95: Interval;
}

export interface OffPolicyEstimate {
  readonly drawCount: number;
  readonly userCount: number;
  readonly effectiveDraws: number;
  readonly effectiveUsers: number;
  readonly largestUserShare: number;
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
  const sumsByUser = (values: readonly number[]): Float64Array => {
    const sums = new Float64Array(users.size);
    values.forEach((value, i) => (sums[userOf[i]] += value));
    return sums;
  };
  const total = sumOf(weights);
  const effectiveDraws = effectiveSize(weights);
  const weightsByUser = sumsByUser(weights);
  const effectiveUsers = effectiveSize(weightsByUser);
  const largestUserShare = total > 0 ? weightsByUser.reduce((a, b) => Math.max(a, b), 0) / total : 0;

  /** Σ of the terms over n, its error from sums by user. */
  const meanOf = (
    terms: readonly number[],
    residuals: readonly number[],
    divisor: number,
    carriers = effectiveUsers,
  ): ValueEstimate => {
    const byUser = sumsByUser(residuals);
    const centre = sumOf(residuals) / users.size;
    const spread = byUser.reduce((sum, value) => sum + (value - centre) ** 2, 0);
    const value = sumOf(terms) / divisor;
    const standardError = Math.sqrt((spread * users.size) / Math.max(1, users.size - 1)) / divisor;
    const reach =
      carriers < limits.minimumEffectiveUsers ? Infinity : studentQuantile(0.975, carriers - 1) * standardError;
    return { value, standardError, interval95: around(value, reach) };
  };
  const plainMean = (terms: readonly number[], carriers = effectiveUsers) => {
    const mean = sumOf(terms) / terms.length;
    return meanOf(
      terms,
      terms.map((term) => term - mean),
      terms.length,
      carriers,
    );
  };
  const shared = {
    drawCount: draws.length,
    userCount: users.size,
    effectiveDraws,
    effectiveUsers,
    largestUserShare,
    meanWeight: total / draws.length,
    logged: plainMean(
      draws.map(({ reward }) => reward),
      effectiveSize(sumsByUser(draws.map(() => 1))),
    ),
  };
  const refusal = refusalOf(shared, limits);
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

/** Kish's. */
function effectiveSize(weights: ArrayLike<number>): number {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i];
    squares += weights[i] ** 2;
  }
  return squares > 0 ? sum ** 2 / squares : 0;
}

function refusalOf(
  {
    effectiveDraws,
    effectiveUsers,
    largestUserShare,
  }: Pick<OffPolicyEstimate, 'effectiveDraws' | 'effectiveUsers' | 'largestUserShare'>,
  limits: OffPolicyLimits,
): string | undefined {
  if (effectiveDraws < limits.minimumEffectiveDraws) {
    return `effective sample size ${effectiveDraws.toFixed(1)} is below ${limits.minimumEffectiveDraws}: the policies have too little in common, or too little was logged`;
  }
  if (effectiveUsers < limits.minimumEffectiveUsers) {
    return `effectively ${effectiveUsers.toFixed(1)} users bear it, fewer than ${limits.minimumEffectiveUsers}: log more users`;
  }
  if (largestUserShare > limits.largestUserShare) {
    return `one user carries ${(100 * largestUserShare).toFixed(1)}% of the weight, more than ${(100 * limits.largestUserShare).toFixed(1)}%: log more users, or with more chance`;
  }
  return undefined;
}
