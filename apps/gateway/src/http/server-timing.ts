/** Tells the caller where a list's time went, in the header that browsers show beside a request (W3C Server Timing). */
import type { StageReport } from '../pipeline/executor';

export const SERVER_TIMING_HEADER = 'server-timing';

/**
 * @param stages in the order in which they ran; one that ran again stands there again
 * @param waitedMs how long the request waited before it was read
 */
export function serverTiming(stages: readonly Pick<StageReport, 'stage' | 'latencyMs'>[], waitedMs: number): string {
  const backlog = waitedMs > 0 ? [{ stage: 'backlog', latencyMs: waitedMs }] : [];
  return [...backlog, ...stages].map(({ stage, latencyMs }) => `${stage};dur=${latencyMs.toFixed(1)}`).join(', ');
}
