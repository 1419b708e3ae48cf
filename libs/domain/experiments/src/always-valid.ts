/**
 * Intervals that hold at every look together, so that looking every day, and stopping when one likes, is allowed.
 *
 * Asymptotic confidence sequences with a normal mixture (Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas: "Time-uniform central
 * limit theory and asymptotic confidence sequences", Annals of Statistics 2024; the same boundary as the mixture
 * sequential ratio test of Robbins 1970 and Johari, Koomen, Pekelis, Walsh 2022). With Z = estimate/error and the
 * information I = 1/error², the ratio of the mixture over effects N(0, τ²) to no effect is
 *
 *   Λ = (1 + Iτ²)^(−½) · exp(½ Z² · Iτ²/(1 + Iτ²)),
 *
 * a martingale where there is no effect; P(Λ ever reaches 1/α) ≤ α, and so |Z| stays below `boundary` at all times with
 * probability 1 − α. It asks that the estimates gather information as sums of independent parts do
 * (cov(later, earlier) = var(later)), which they do for the rate of users that come and go; the specs hold it
 * on replays of the simulated world with a look every day.
 */
import { normalQuantile } from './distributions';
import type { UserNumber } from './metrics';
import type { Moments } from './moments';

/**
 * All of this is asymptotic, with users as the unit, and of fewer of them a variance says too little of itself. With two users a day
 * in each variant, 60 daily looks and intervals that are sharpest at a lift of 0.2, up to 13.5% of 600 simulated A/A tests were
 * better or worse on some day where looks began at two users, and at most 2% where they began at 30.
 */
export const FEWEST_USERS = 30;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Before there is enough to say anything. */
export const NOTHING_KNOWN: Interval = { low: -Infinity, high: Infinity };

/** Information about ln(ratio) that a fixed test of size `alpha` needs to find `lift` with probability `power`. */
export function requiredInformation(lift: number, alpha: number, power: number): number {
  return ((normalQuantile(1 - alpha / 2) + normalQuantile(power)) / Math.log1p(lift)) ** 2;
}

/**
 * The mixture's variance τ² that makes the boundary about narrowest at a given information (Waudby-Smith et al., the
 * approximation by logarithms of their optimum).
 */
export function mixtureVariance(plannedInformation: number, alpha: number): number {
  const a = -2 * Math.log(alpha);
  return (a + Math.log(a) + 1) / plannedInformation;
}

/** How many standard errors an always-valid interval reaches to each side. */
export function boundary(information: number, tauSquared: number, alpha: number): number {
  const r = information * tauSquared;
  return Math.sqrt((1 + 1 / r) * (2 * Math.log(1 / alpha) + Math.log1p(r)));
}

/** 1/Λ, at most 1: valid at every look, and so is the least one so far. */
export function alwaysValidP(z: number, information: number, tauSquared: number): number {
  const r = information * tauSquared;
  return Math.min(1, Math.exp(0.5 * Math.log1p(r) - (0.5 * z * z * r) / (1 + r)));
}

export const around = (centre: number, halfWidth: number): Interval => ({
  low: centre - halfWidth,
  high: centre + halfWidth,
});

/** How many users count something, and how unequally: the variance of what each counts over the square of its mean. */
export interface UserWeights {
  readonly userCount: number;
  readonly relativeVariance: number;
}

export const userWeights = (moments: Moments, weight: UserNumber): UserWeights => ({
  userCount: moments.userCount,
  relativeVariance: moments.variance(weight) / moments.mean(weight) ** 2,
});

/** Of the mean: who makes more than about so many times the lists that others do is taken for a machine (`machineListLimit`). */
const HEAVIEST_WEIGHT = 20;

/**
 * About the most that a share of all lists or impressions can be where none of an arm's users had any of it, at every look:
 * (1 − rate)^users ≥ α (the rule of three). Who has none now had none before, so looking earlier adds no way to err.
 *
 * It would be exact of users who weigh the same. As they do not, Kish's effective number, (Σw)²/Σw², stands for theirs: those who
 * have the event are taken to weigh at most what the user of the average list does, Σw²/Σw. Weights tell of the heaviest only once
 * one has come, so they are those of both arms (`all`), and one more is counted among them. Approximate all the same: harm to
 * rare users who weigh far more than that can go unseen more often than α.
 */
export function mostUnseenRate(arm: UserWeights, all: UserWeights, alpha: number): number {
  const evenness =
    (all.userCount + HEAVIEST_WEIGHT) ** 2 /
    (all.userCount * (1 + all.relativeVariance) + HEAVIEST_WEIGHT ** 2) /
    all.userCount;
  return -Math.log(alpha) / (arm.userCount * Math.min(evenness, 1 / (1 + arm.relativeVariance)));
}
