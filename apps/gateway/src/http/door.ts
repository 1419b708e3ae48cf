import { ApiError } from '@watchnext/service';
import { type Metrics, METRICS } from '../metrics';
import type { AdaptiveLimit } from '../resilience/adaptive-limit';

/** Long enough for what is in work to end. */
const RETRY_AFTER_SECONDS = 1;

/** Lets in as many requests at once as can be answered in time, and turns the others away before any work is done. */
export class Door {
  constructor(
    private readonly limit: AdaptiveLimit,
    private readonly metrics: Metrics,
  ) {
    metrics.gauge(METRICS.concurrencyLimit, () => limit.limit);
    metrics.gauge(METRICS.requestsInFlight, () => limit.inFlight);
  }

  /** @throws ApiError 429 */
  async through<T>(work: () => Promise<T>): Promise<T> {
    const leave = this.limit.enter();
    if (!leave) {
      this.metrics.count(METRICS.shedRequests);
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
    try {
      return await work();
    } finally {
      leave();
    }
  }
}
