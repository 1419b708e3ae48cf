export interface BackOffOptions {
  /** Upper bound of the first wait. */
  readonly baseMs: number;
  /** Upper bound of any wait. */
  readonly capMs: number;
}

/** No server's wish keeps a client silent for longer. */
const MAX_RETRY_AFTER_MS = 300_000;

/**
 * Milliseconds to wait after the n-th failure in a row (from 1): exponential, evenly spread over its upper half so
 * that clients that failed together do not come back together; never less than the server asked for.
 */
export function backOffMs(
  failureCount: number,
  retryAfterSeconds: number | undefined,
  { baseMs, capMs }: BackOffOptions,
  random: () => number = Math.random,
): number {
  const bound = Math.min(capMs, baseMs * 2 ** Math.min(failureCount - 1, 30));
  const ownMs = bound * (0.5 + 0.5 * random());
  return Math.max(ownMs, Math.min((retryAfterSeconds ?? 0) * 1_000, MAX_RETRY_AFTER_MS));
}
