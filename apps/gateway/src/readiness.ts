import { EventLogError } from '@watchnext/event-log';
import type { Catalogue } from './sources/catalogue';
import type { Draining } from '@watchnext/service';
import type { PopularSnapshots } from './sources/popular-snapshot';

/** Whether this gateway may be sent requests, and what it has in memory. */
export class Readiness {
  private catalogueRead = false;
  private waitsFor = 'the catalogue is being read';

  constructor(
    private readonly catalogue: Catalogue,
    private readonly snapshots: PopularSnapshots,
    private readonly draining: Pick<Draining, 'isStopping'>,
  ) {}

  markCatalogueRead(): void {
    this.catalogueRead = true;
  }

  /**
   * @param error why the catalogue cannot be read yet. Anybody may ask whether the gateway is ready: they are told its code, and its
   * words, which name addresses, are for the log.
   */
  markWaiting(error: unknown): void {
    this.waitsFor = `the catalogue cannot be read: ${error instanceof EventLogError ? error.code : 'failed'}`;
  }

  /** Undefined where requests may come. */
  get waiting(): string | undefined {
    return this.catalogueRead ? undefined : this.waitsFor;
  }

  report() {
    const { waiting } = this;
    const stopping = this.draining.isStopping;
    return {
      ready: waiting === undefined && !stopping,
      ...(stopping ? { stopping } : {}),
      ...(waiting === undefined ? {} : { waiting }),
      catalogueVideos: this.catalogue.size,
      snapshotId: this.snapshots.current()?.manifest.snapshotId ?? null,
    };
  }
}
