/** How full the feature store is: nothing takes a state out of it but a rebuild, so somebody has to see it fill. */
import type { FeatureStore, StoreUsage } from '@watchnext/feature-store';
import { type Logger, RepeatedReading } from '@watchnext/service';
import { METRICS, type Metrics } from '../metrics';

const ASK_MS = 60_000;

export interface StoreUsageParts {
  readonly store: Pick<FeatureStore, 'usage'>;
  readonly partitionCount: number;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export class StoreUsageMeter extends RepeatedReading<StoreUsage> {
  private usage: StoreUsage | undefined;

  constructor({ store, partitionCount, metrics, logger }: StoreUsageParts) {
    const unknown = 'cannot tell how full the feature store is';
    super({ read: () => store.usage(partitionCount), everyMs: ASK_MS, logger, unknown });
    metrics.gauge(METRICS.storedViewers, () => this.usage?.userCount ?? NaN);
    metrics.gauge(METRICS.storeMemory, () => this.usage?.memoryShare ?? NaN);
  }

  protected learn(usage: StoreUsage | undefined): void {
    this.usage = usage;
  }
}
