/** When requests are due that come by themselves: the gaps of a Poisson process are exponential and independent. */
import type { Random } from '@watchnext/learning';

/**
 * @param perSecond mean rate, above 0
 * @returns ascending moments in milliseconds from the start, all below `seconds`
 */
export function poissonArrivals(perSecond: number, seconds: number, random: Random): Float64Array {
  if (!(perSecond > 0)) throw new RangeError(`requests cannot come at ${perSecond} a second`);
  const endMs = seconds * 1_000;
  const arrivals: number[] = [];
  for (let atMs = gapMs(perSecond, random); atMs < endMs; atMs += gapMs(perSecond, random)) arrivals.push(atMs);
  return Float64Array.from(arrivals);
}

// 1 − u is in (0, 1], so that its logarithm is finite.
const gapMs = (perSecond: number, random: Random) => (-1_000 * Math.log(1 - random.next())) / perSecond;
