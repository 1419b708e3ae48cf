import { ApiError } from '@watchnext/service';
import { type Metrics, METRICS } from '../metrics';
import { CallerGoneError } from '../pipeline/failure';
import type { AdaptiveLimit, Leaving } from '../resilience/adaptive-limit';
import type { LoopLag } from '../resilience/loop-lag';

/** Long enough for what is in work to end. */
const RETRY_AFTER_SECONDS = 1;

/** Lets in as many requests at once as can be answered in time, and turns the others away before any work is done. */
export class Door {
  constructor(
    private readonly limit: AdaptiveLimit,
    private readonly metrics: Metrics,
    private readonly lag: Pick<LoopLag, 'standingMs'> = { standingMs: 0 },
  ) {
    metrics.gauge(METRICS.concurrencyLimit, () => limit.limit);
    metrics.gauge(METRICS.requestsInFlight, () => limit.inFlight);
  }

  /**
   * @param work is told how long the request waited before it came here, as far as that is known
   * @param deadlineMs the caller's, if it named one
   * @param isWhole whether a result has all that belongs to it
   * @throws ApiError 429
   */
  async through<T>(
    work: (waitedMs: number) => Promise<T>,
    deadlineMs?: number,
    isWhole: (result: T) => boolean = () => true,
  ): Promise<T> {
    const waitedMs = this.lag.standingMs;
    const leave = this.limit.enter(deadlineMs, waitedMs);
    if (!leave) {
      this.metrics.count(METRICS.shedRequests, { of: 'lists' });
      throw new ApiError(
        429,
        'overloaded',
        'more requests than can be answered in time: send it again later',
        undefined,
        {
          retryAfterSeconds: RETRY_AFTER_SECONDS,
        },
      );
    }
    let how: Leaving = 'refused';
    try {
      const result = await work(waitedMs);
      how = isWhole(result) ? 'answered' : 'degraded';
      return result;
    } catch (error) {
      if (error instanceof CallerGoneError) how = 'abandoned';
      throw error;
    } finally {
      leave(how);
    }
  }
}
