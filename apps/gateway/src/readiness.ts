import type { Catalogue } from './sources/catalogue';
import type { PopularSnapshots } from './sources/popular-snapshot';

/** Whether this gateway may be sent requests, and what it has in memory. */
export class Readiness {
  private catalogueRead = false;

  constructor(
    private readonly catalogue: Catalogue,
    private readonly snapshots: PopularSnapshots,
  ) {}

  markCatalogueRead(): void {
    this.catalogueRead = true;
  }

  report() {
    return {
      ready: this.catalogueRead,
      catalogueVideos: this.catalogue.size,
      snapshotId: this.snapshots.current()?.manifest.snapshotId ?? null,
    };
  }
}
