/** Waiting time before attempt `failures + 1`: 50 ms, 100 ms, … */
export function backOffMs(failures: number, maxMs = 5_000): number {
  return Math.min(maxMs, 50 * 2 ** Math.min(failures, 10));
}
