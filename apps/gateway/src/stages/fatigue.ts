/** What a viewer was shown again and again and never watched: it rests for a while. */
import type { Exposure } from '@watchnext/contract';

export interface FatigueRule {
  /** Impressions without a watch that are enough. */
  readonly impressionCount: number;
  /** Since the last of them, in milliseconds; 0: nothing ever rests. */
  readonly restMs: number;
}

/** Exposures are as fresh as the state: a list that was served a second ago counts. Watched videos are left out anyway. */
export function tiredOf(
  exposures: readonly Exposure[],
  { impressionCount, restMs }: FatigueRule,
  nowMs: number,
): Set<string> {
  const tired = exposures.filter(
    (exposure) => exposure.impressionCount >= impressionCount && nowMs - exposure.lastShownAtMs < restMs,
  );
  return new Set(tired.map(({ videoId }) => videoId));
}
