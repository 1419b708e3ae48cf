/** Small draws that several parts of the world make. Exponentials only, no powers: V8 keeps those the same everywhere. */
import type { Random } from '@watchnext/learning';

export const STYLE_DIMENSIONS = 3;

/** A point in the space of styles, written at `offset`. */
export function drawStyle(random: Random, into: Float64Array, offset: number): void {
  for (let d = 0; d < STYLE_DIMENSIONS; d++) into[offset + d] = random.gaussian() / Math.sqrt(STYLE_DIMENSIONS);
}

/** @returns an index, drawn in proportion to the weights; weights need not sum to one but must not all be zero */
export function pickWeighted(weights: ArrayLike<number>, random: Random): number {
  let total = 0;
  for (let i = 0; i < weights.length; i++) total += weights[i];
  let left = random.next() * total;
  for (let i = 0; i < weights.length; i++) {
    left -= weights[i];
    if (left < 0) return i;
  }
  for (let i = weights.length - 1; i >= 0; i--) if (weights[i] > 0) return i;
  throw new RangeError('every weight is zero');
}

export function pick<Item>(items: readonly Item[], random: Random): Item {
  return items[random.nextInt(items.length)];
}

/** Knuth's product of uniforms; for small means. */
export function poisson(mean: number, random: Random): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random.next(); product > limit; product *= random.next()) count++;
  return count;
}

export const clamp = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value));
