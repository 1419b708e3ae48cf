/** Makes a verified snapshot ready to serve: loaded, told of the catalogue, and looked at before it takes over. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger, MetricsRegistry } from '@watchnext/service';
import type { LocalSnapshot } from '@watchnext/snapshot-store';
import type { SearchThreads } from '@watchnext/vector-search';
import { CanaryError, type CanaryLimits, CanaryQueries, checkSnapshot } from './canaries';
import type { LiveCatalogue } from './catalogue/live-catalogue';
import { METRICS } from './metrics';
import { loadRetrievalSnapshot, type RetrievalSnapshot } from './retrieval-snapshot';

/** How long a snapshot that could serve waits for the videos that it did not learn. */
const BACKLOG_WAIT_MS = 10_000;

export interface SnapshotLoaderParts {
  readonly threads: SearchThreads;
  readonly catalogue: LiveCatalogue;
  readonly metrics: MetricsRegistry;
  readonly logger: Logger;
  readonly limits: CanaryLimits;
}

interface Loaded {
  readonly snapshot: RetrievalSnapshot;
  /** With the snapshot that served while this one was looked at; NaN: nothing to compare. */
  readonly overlap: number;
}

export class SnapshotLoader {
  readonly canaries = new CanaryQueries();
  private readonly loaded = new Map<string, Loaded>();
  private current: Loaded | undefined;
  private canaryRecall = NaN;

  constructor(private readonly parts: SnapshotLoaderParts) {
    const { metrics } = parts;
    const ofCurrent = (read: (current: Loaded) => number) => () => (this.current ? read(this.current) : NaN);
    metrics.gauge(METRICS.canaryRecall, () => this.canaryRecall);
    metrics.gauge(
      METRICS.canaryOverlap,
      ofCurrent(({ overlap }) => overlap),
    );
    metrics.gauge(
      METRICS.addedVideos,
      ofCurrent(({ snapshot }) => snapshot.videos.addedCount),
    );
    metrics.gauge(
      METRICS.backlogLeftOut,
      ofCurrent(({ snapshot }) => snapshot.videos.leftOutCount),
    );
    metrics.gauge(
      METRICS.videosWithoutRoom,
      ofCurrent(({ snapshot }) => snapshot.videos.withoutRoomCount),
    );
    metrics.gauge(
      METRICS.clippedVideos,
      ofCurrent(({ snapshot }) => snapshot.index.clippedCount),
    );
  }

  /**
   * @param closing aborted, the load ends after its present step, and leaves nothing open
   * @param withCurrent runs work with the snapshot that serves now, if there is one, and keeps it open meanwhile
   * @throws Error for one that does not fit together, CanaryError for one whose answers are wrong; the reason of `closing`
   */
  async load(
    local: LocalSnapshot,
    closing: AbortSignal,
    withCurrent: <T>(work: (current: RetrievalSnapshot | undefined) => Promise<T>) => Promise<T>,
  ): Promise<RetrievalSnapshot> {
    const { threads, catalogue, logger, limits } = this.parts;
    const loaded = await loadRetrievalSnapshot(local, threads, closing);
    const snapshot = {
      ...loaded,
      close: async () => {
        catalogue.detach(loaded.videos);
        // It may have been loaded again before its last request ended.
        if (this.loaded.get(local.snapshotId)?.snapshot === snapshot) this.loaded.delete(local.snapshotId);
        await loaded.close();
      },
    };
    let overlap: number;
    try {
      await catalogue.attach(snapshot.videos);
      closing.throwIfAborted();
      const report = await withCurrent((current) =>
        checkSnapshot(snapshot, current, this.canaries.all(), limits, closing),
      );
      logger.info({ snapshotId: local.snapshotId, ...report }, 'a snapshot passed its canary queries');
      this.canaryRecall = report.recall;
      overlap = report.overlap ?? NaN;
    } catch (error) {
      if (error instanceof CanaryError) this.canaryRecall = error.report.recall;
      await snapshot.close();
      throw error;
    }
    this.loaded.set(local.snapshotId, { snapshot, overlap });
    // So that new videos do not go for a moment with each swap; a long backlog is added while the snapshot serves.
    const backlog = catalogue.addBacklog(snapshot.videos, snapshot.addCapacity);
    const waited = delay(BACKLOG_WAIT_MS, undefined, { ref: false, signal: closing }).catch(() => undefined);
    await Promise.race([backlog, waited]);
    return snapshot;
  }

  /** The metrics are of this one from now on. */
  setCurrent(snapshotId: string): void {
    this.current = this.loaded.get(snapshotId);
  }
}
