/** How full the feature store is: nothing takes a state out of it but a rebuild, so somebody has to see it fill. */
import type { FeatureStore, StoreUsage } from '@watchnext/feature-store';
import { type Logger, RepeatedQuestion } from '@watchnext/service';
import { METRICS, type Metrics } from '../metrics';

const ASK_MS = 60_000;

export interface StoreUsageParts {
  readonly store: Pick<FeatureStore, 'usage'>;
  readonly partitionCount: number;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export class StoreUsageMeter {
  private usage: StoreUsage | undefined;
  private hasFailed = false;
  private readonly question = new RepeatedQuestion(() => this.hear(), ASK_MS);

  constructor(private readonly parts: StoreUsageParts) {
    parts.metrics.gauge(METRICS.storedViewers, () => this.usage?.userCount ?? NaN);
    parts.metrics.gauge(METRICS.storeMemory, () => this.usage?.memoryShare ?? NaN);
  }

  start(): void {
    this.question.start();
  }

  stop(): void {
    this.question.stop();
  }

  /** Does so by itself every minute. */
  ask(): Promise<void> {
    return this.question.now();
  }

  private async hear(): Promise<void> {
    const { store, partitionCount, logger } = this.parts;
    try {
      this.usage = await store.usage(partitionCount);
      this.hasFailed = false;
    } catch (error) {
      // What it was before is no answer: the store may have been filled, or emptied, since.
      this.usage = undefined;
      if (!this.hasFailed) logger.warn({ err: error as Error }, 'cannot tell how full the feature store is');
      this.hasFailed = true;
    }
  }
}
