import type { IndexSource, Interval, UserRatio } from './user-ratio';

/** One scorer against another on the same rows. */
export interface PairedComparison {
  /** The first less the second. */
  readonly difference: number;
  readonly interval: Interval;
  /** Whether the interval leaves no room for zero: which of the two has more, if either. */
  readonly larger: 'first' | 'second' | 'neither';
}

/**
 * Paired bootstrap over users: both scorers are resampled together, so that what is hard for both cancels out.
 *
 * @throws RangeError where the rows are not the same
 */
export function comparePaired(
  first: UserRatio,
  second: UserRatio,
  random: IndexSource,
  options: { resampleCount?: number; level?: number } = {},
): PairedComparison {
  const difference = first.minus(second);
  const interval = difference.interval(random, { resampleCount: 1_000, ...options });
  const larger = interval.low > 0 ? 'first' : interval.high < 0 ? 'second' : 'neither';
  return { difference: difference.value(), interval, larger };
}
