/**
 * What a variant did to a metric, from the moments of its users and those of the control's.
 *
 * A ratio of sums, R = ΣN/ΣD, is linearised (delta method; Deng, Knoblich, Lu: "Applying the Delta Method in Metric
 * Analytics", KDD 2018): R̂ − R ≈ mean of L = (N − R·D)/mean(D), so its variance is var(L)/n with users as the unit. CUPED
 * (Deng, Xu, Kohavi, Walker, WSDM 2013) takes from L what the covariate of before the start explains:
 * R' = R − θ·(mean(x) − mean of x over both), θ = cov(L, x)/var(x) pooled over the variants.
 *
 * Users who are all alike are no proof that the next one is: an arm of such is taken to vary as the other does.
 *
 * Lifts are tested as logarithms of the ratio of the two: a proportional effect then has one size, however long the
 * experiment has run, which is what the always-valid intervals count on.
 */
import type { MetricDefinition, UserNumber } from './metrics';
import type { Moments } from './moments';

export interface ArmEstimate {
  readonly userCount: number;
  /** Mean per user, or ratio of the sums, as counted. */
  readonly value: number;
  /** With the covariate's part taken out. */
  readonly adjusted: number;
  /** Of `adjusted`. 0: nothing is known of it, as all users of both arms are alike. */
  readonly variance: number;
}

export interface EffectEstimate {
  readonly control: ArmEstimate;
  readonly treatment: ArmEstimate;
  /** Treatment less control, adjusted. */
  readonly difference: number;
  readonly differenceError: number;
  /** ln(treatment / control), adjusted; NaN where either is not positive. */
  readonly logRatio: number;
  readonly logRatioError: number;
  /** Share of the variance of `difference` that the covariate took away, 0 to 1; 0 where none was used. */
  readonly varianceReduction: number;
}

/** Variances are differences of large sums; what is below so much of the value's square is no variance. */
const ROUNDING = 1e-9;

interface Linearised {
  readonly value: number;
  readonly variance: number;
  readonly covarianceWithCovariate: number;
}

function linearise(moments: Moments, { numerator, denominator }: MetricDefinition): Linearised {
  const x: UserNumber = 'covariate';
  if (denominator === undefined) {
    return {
      value: moments.mean(numerator),
      variance: moments.variance(numerator),
      covarianceWithCovariate: moments.covariance(numerator, x),
    };
  }
  const value = moments.sum(numerator) / moments.sum(denominator);
  const scale = moments.mean(denominator);
  const variance =
    moments.variance(numerator) -
    2 * value * moments.covariance(numerator, denominator) +
    value ** 2 * moments.variance(denominator);
  return {
    value,
    variance: Math.max(0, variance) / scale ** 2,
    covarianceWithCovariate: (moments.covariance(numerator, x) - value * moments.covariance(denominator, x)) / scale,
  };
}

/** @returns NaNs where an arm has fewer than two users or a denominator of zero */
export function estimateEffect(
  control: Moments,
  treatment: Moments,
  metric: MetricDefinition,
  { adjust = true }: { adjust?: boolean } = {},
): EffectEstimate {
  const arms = [control, treatment];
  const lines = arms.map((arm) => linearise(arm, metric));
  const weights = arms.map((arm) => arm.userCount);
  const covariateVariances = arms.map((arm) => arm.variance('covariate'));
  const pooled = (values: readonly number[]) => values.reduce((sum, value, i) => sum + weights[i] * value, 0);
  const spread = pooled(covariateVariances);
  const isAdjusted = adjust && metric.usesCovariate && spread > 0;
  const theta = isAdjusted ? pooled(lines.map((line) => line.covarianceWithCovariate)) / spread : 0;
  const residuals = lines.map(({ value, variance, covarianceWithCovariate }, i) => {
    const residual = variance - 2 * theta * covarianceWithCovariate + theta ** 2 * covariateVariances[i];
    return residual > ROUNDING * value ** 2 ? residual : 0;
  });
  const overall = pooled(arms.map((arm) => arm.mean('covariate'))) / (weights[0] + weights[1]);
  const [first, second] = arms.map((arm, i): ArmEstimate => {
    const { value } = lines[i];
    return {
      userCount: arm.userCount,
      value,
      adjusted: isAdjusted ? value - theta * (arm.mean('covariate') - overall) : value,
      variance: (residuals[i] || residuals[1 - i]) / arm.userCount,
    };
  }) as [ArmEstimate, ArmEstimate];
  const raw = lines.reduce((sum, line, i) => sum + line.variance / weights[i], 0);
  const adjustedVariance = first.variance + second.variance;
  const bothPositive = first.adjusted > 0 && second.adjusted > 0;
  return {
    control: first,
    treatment: second,
    difference: second.adjusted - first.adjusted,
    differenceError: Math.sqrt(adjustedVariance),
    logRatio: bothPositive ? Math.log(second.adjusted / first.adjusted) : NaN,
    logRatioError: bothPositive
      ? Math.sqrt(first.variance / first.adjusted ** 2 + second.variance / second.adjusted ** 2)
      : NaN,
    varianceReduction: raw > 0 ? Math.max(0, 1 - adjustedVariance / raw) : 0,
  };
}
