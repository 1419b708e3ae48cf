/** When a watch counts as completed. A state keeps watches by it: another rule needs states rebuilt and models trained anew. */
const MINIMUM_SECONDS = 10;
/** Of the duration. */
const MINIMUM_SHARE = 0.3;

/**
 * Completed watches are the candidate model's positives, and its history: true from 10 s on that are 30% of the video; a shorter
 * video must be watched to its end. A duration of 0 means unknown: then the seconds alone decide.
 */
export function isCompleted({ watchSeconds, durationSeconds }: WatchTime): boolean {
  if (durationSeconds > 0 && durationSeconds < MINIMUM_SECONDS) return watchSeconds >= durationSeconds;
  return watchSeconds >= MINIMUM_SECONDS && watchSeconds >= MINIMUM_SHARE * durationSeconds;
}

export interface WatchTime {
  readonly watchSeconds: number;
  readonly durationSeconds: number;
}
