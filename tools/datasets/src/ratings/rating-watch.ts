/**
 * What a rating says of a watch. Whoever rates a film has seen it: every rating is a completed watch (30% or more of
 * the duration), as evaluations on these sets have it. How much of it was seen is not known; it is taken to grow with
 * the rating, so that expected watch time, which ranking orders by, orders by the rating expected.
 */
import { BadCell, quote } from '../read/cells';

/** These sets tell no durations: a film of 100 minutes stands for all. */
export const FILM_SECONDS = 6_000;
const LEAST_SHARE = 0.4;

export interface RatingScale {
  readonly lowest: number;
  readonly highest: number;
}

/**
 * Seconds seen: 40% of the duration at the lowest rating, all of it at the highest, in a straight line between.
 *
 * @throws BadCell for what is no rating
 */
export function watchSecondsOf(text: string, { lowest, highest }: RatingScale, durationSeconds = FILM_SECONDS): number {
  const rating = text.trim() === '' ? NaN : Number(text);
  if (!(rating >= lowest && rating <= highest))
    throw new BadCell(`the rating is not from ${lowest} to ${highest}: ${quote(text)}`);
  return durationSeconds * (LEAST_SHARE + (1 - LEAST_SHARE) * ((rating - lowest) / (highest - lowest)));
}

/** The start of the year that a title ends with, as "Notorious (1946)"; 0 without one, and the epoch for years before it. */
export function releasedAtMs(title: string): number {
  const year = /\((\d{4})\)\s*$/.exec(title)?.[1];
  // 0 is what stands for unknown.
  return year === undefined ? 0 : Math.max(1, Date.UTC(Number(year), 0));
}
