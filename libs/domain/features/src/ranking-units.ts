/** How the ranking model's inputs measure watches and times. */
import type { WatchEntry } from '@watchnext/contract';
import { HOUR_MS } from './time';

/** In [0, 1]; a loop or a second look does not count more than the whole. */
export function completionOf({ watchSeconds, durationSeconds }: WatchEntry): number {
  return Math.min(1, watchSeconds / durationSeconds);
}

/** NaN where there is nothing to measure from. */
export function hoursBetween(fromMs: number | undefined, toMs: number): number {
  return fromMs === undefined ? NaN : (toMs - fromMs) / HOUR_MS;
}
