/** Which of two rankings viewers prefer, from lists drafted of both. */
import { alwaysValidP, around, boundary, type Interval, mixtureVariance } from './always-valid';
import { normalQuantile, twoSidedNormalTail } from './distributions';

/** What one user's watches earned each team. */
export interface TeamCredit {
  readonly control: number;
  readonly treatment: number;
}

export interface Preference {
  readonly userCount: number;
  /** (treatment − control) / (treatment + control), of the credits of all users: −1 to 1. */
  readonly preference: number;
  readonly fixedInterval: Interval;
  readonly alwaysValidInterval: Interval;
  readonly fixedP: number;
  readonly alwaysValidP: number;
}

/** The preference about which always-valid intervals are narrowest. */
const PLANNED_PREFERENCE = 0.05;

/** As for metrics, few events are not judged: the total credit must be known to a fifth of itself. */
const MOST_RELATIVE_ERROR = 0.2;
const NOTHING_KNOWN: Interval = { low: -Infinity, high: Infinity };

/**
 * Before there is enough to say anything, its intervals are infinite, `fixedP` is NaN and `alwaysValidP` 1. Users are the unit, as everywhere: the ratio of sums by the delta method.
 */
export function preferenceOf(credits: Iterable<TeamCredit>, alpha: number, power = 0.8): Preference {
  let [n, difference, total, dd, dt, tt] = [0, 0, 0, 0, 0, 0];
  for (const { control, treatment } of credits) {
    const [d, t] = [treatment - control, treatment + control];
    n++;
    difference += d;
    total += t;
    dd += d * d;
    dt += d * t;
    tt += t * t;
  }
  const preference = difference / total;
  // The residual d − preference·t has mean zero by construction.
  const spread = Math.max(0, dd - 2 * preference * dt + preference ** 2 * tt);
  const error = Math.sqrt((spread * n) / (n - 1)) / total;
  const totalError = Math.sqrt((Math.max(0, tt - total ** 2 / n) * n) / (n - 1));
  if (!(error > 0 && totalError <= MOST_RELATIVE_ERROR * total)) {
    return {
      userCount: n,
      preference,
      fixedInterval: NOTHING_KNOWN,
      alwaysValidInterval: NOTHING_KNOWN,
      fixedP: NaN,
      alwaysValidP: 1,
    };
  }
  const information = error ** -2;
  const planned = ((normalQuantile(1 - alpha / 2) + normalQuantile(power)) / PLANNED_PREFERENCE) ** 2;
  const tauSquared = mixtureVariance(planned, alpha);
  const z = preference / error;
  return {
    userCount: n,
    preference,
    fixedInterval: around(preference, normalQuantile(1 - alpha / 2) * error),
    alwaysValidInterval: around(preference, boundary(information, tauSquared, alpha) * error),
    fixedP: twoSidedNormalTail(z),
    alwaysValidP: alwaysValidP(z, information, tauSquared),
  };
}
