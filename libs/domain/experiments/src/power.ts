/**
 * How long an experiment must run. Everything is in information about ln(treatment/control), 1/error²: what a day of
 * users brings of it is measured on the past (`informationCurve` of the report's reader), then any lift, size and
 * power follow.
 */
import { boundary } from './always-valid';
import { normalCdf, normalQuantile } from './distributions';

/** Probability that a test of size `alpha`, looked at once, finds `lift`. */
export function fixedPower(lift: number, information: number, alpha: number): number {
  const z = normalQuantile(1 - alpha / 2);
  const shift = Math.log1p(lift) * Math.sqrt(information);
  return normalCdf(shift - z) + normalCdf(-shift - z);
}

/** The least lift that a test of size `alpha`, looked at once, finds with the power. */
export function smallestLift(information: number, alpha: number, power: number): number {
  return Math.expm1((normalQuantile(1 - alpha / 2) + normalQuantile(power)) / Math.sqrt(information));
}

/** Points of the grid on which the density of the running sum is carried from look to look. */
const GRID = 240;
/** Looked up once: inside Jest's sandbox a global costs more than the exponential. */
const { exp } = Math;
const SQRT_TWO_PI = Math.sqrt(2 * Math.PI);

/**
 * Probability that an always-valid interval has left zero out by each look, where the true lift is `lift`: the density of
 * the score Z·√I, which gathers independent normal parts, is carried along inside the boundary (Armitage, McPherson,
 * Rowe 1969). A look that tells less than the grid can carry is none of its own: what it tells is the next one's.
 *
 * @param informations at the looks, ascending
 * @returns from 0 to 1, never falling
 */
export function alwaysValidPower(
  lift: number,
  informations: readonly number[],
  alpha: number,
  tauSquared: number,
): number[] {
  const drift = Math.log1p(lift);
  let points: number[] = [0];
  let masses: number[] = [1];
  let before = 0;
  let found = 0;
  return informations.map((information) => {
    const gained = information - before;
    const limit = boundary(information, tauSquared, alpha) * Math.sqrt(information);
    const spacing = (2 * limit) / GRID;
    // The kernel of a smaller spread falls between the points: mass is made from nothing, or lost. From one spacing on the
    // sum over the points is the integral to 1e-8.
    if (!(gained >= spacing ** 2)) return found;
    const spread = Math.sqrt(gained);
    const next = Array.from({ length: GRID }, (_, k) => -limit + (k + 0.5) * spacing);
    const nextMasses = next.map((y) => {
      let density = 0;
      for (let k = 0; k < points.length; k++) {
        const z = (y - points[k] - drift * gained) / spread;
        if (z > -8 && z < 8) density += masses[k] * exp(-0.5 * z * z);
      }
      return (density / (spread * SQRT_TWO_PI)) * spacing;
    });
    [points, masses, before] = [next, nextMasses, information];
    found = Math.max(found, 1 - masses.reduce((sum, mass) => sum + mass, 0));
    return found;
  });
}

export interface DurationPlan {
  readonly lift: number;
  /** Days after which a single look has the power; undefined: not within the days that were measured. */
  readonly fixedDays: number | undefined;
  /** Days by which a daily look at always-valid intervals has the power; undefined: not within the days measured. */
  readonly alwaysValidDays: number | undefined;
  /** The least lift that a single look after all days measured finds with the power. */
  readonly smallestLift: number;
  readonly fixedPowers: readonly number[];
  readonly alwaysValidPowers: readonly number[];
}

/**
 * @param informations after 1, 2, … days, for the two variants that are compared
 * @param test as `testSettings` gives it to the report, whose boundary is tuned by minimumLift and not by `lift`
 */
export function planDuration(
  lift: number,
  informations: readonly number[],
  { alpha, tauSquared, power }: { alpha: number; tauSquared: number; power: number },
): DurationPlan {
  const fixedPowers = informations.map((information) => fixedPower(lift, information, alpha));
  const alwaysValidPowers = alwaysValidPower(lift, informations, alpha, tauSquared);
  const daysUntil = (powers: readonly number[]) => {
    const index = powers.findIndex((reached) => reached >= power);
    return index < 0 ? undefined : index + 1;
  };
  const last = informations.at(-1) ?? 0;
  return {
    lift,
    fixedDays: daysUntil(fixedPowers),
    alwaysValidDays: daysUntil(alwaysValidPowers),
    smallestLift: smallestLift(last, alpha, power),
    fixedPowers,
    alwaysValidPowers,
  };
}
