/** When a watch counts as completed: the candidate model's positive, and what enters its history. */
export interface CompletedRule {
  readonly minimumSeconds: number;
  /** Of the duration, in [0, 1]. */
  readonly minimumShare: number;
}

export const DEFAULT_COMPLETED_RULE: CompletedRule = { minimumSeconds: 10, minimumShare: 0.3 };

/**
 * True from max(`minimumSeconds`, `minimumShare` of the duration) on; a video shorter than `minimumSeconds` must be
 * watched to its end. A duration of 0 means unknown: then the seconds alone decide.
 */
export function isCompleted(
  watchSeconds: number,
  durationSeconds: number,
  rule: CompletedRule = DEFAULT_COMPLETED_RULE,
): boolean {
  if (durationSeconds > 0 && durationSeconds < rule.minimumSeconds) return watchSeconds >= durationSeconds;
  return watchSeconds >= Math.max(rule.minimumSeconds, rule.minimumShare * durationSeconds);
}
