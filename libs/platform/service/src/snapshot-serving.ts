/**
 * What every reader of snapshots does alike: it follows the store's pointer and the announcements, keeps a few
 * snapshots loaded, and answers calls that name a snapshot it does not hold so that the caller can choose another.
 */
import { status } from '@grpc/grpc-js';
import { SnapshotAnnouncement, SNAPSHOTS_TOPIC, TOPICS } from '@watchnext/contract';
import type { EventLog } from '@watchnext/event-log';
import {
  type FileFilter,
  type LocalSnapshot,
  SnapshotHolder,
  SnapshotNotHeldError,
  type SnapshotStore,
} from '@watchnext/snapshot-store';
import { onAbort } from '@watchnext/waiting';
import { followLog, type LogFollowing } from './follow-log';
import type { Logger } from './logger';
import { SERVICE_METRICS } from './metric-names';
import type { MetricsRegistry } from './metrics';
import { rpcError } from './rpc';

/**
 * Metadata key of a FAILED_PRECONDITION: the held snapshots that may serve any request (none that an experiment alone
 * has loaded), the current one first, separated by commas.
 */
export const HELD_SNAPSHOTS_METADATA = 'watchnext-snapshots';

export interface SnapshotFollowing<T extends { close(): Promise<void> | void }> {
  readonly holder: SnapshotHolder<T>;
  /** How following the announcements goes: one that is refused delays swaps, and whoever starts may take it for an error. */
  readonly announcements: Pick<LogFollowing, 'established' | 'firstFailure'>;
  /** Stops following; running uses end first. Neither the store nor the log is closed. */
  close(): Promise<void>;
}

export interface FollowSnapshotsOptions<T extends { close(): Promise<void> | void }> {
  readonly store: SnapshotStore;
  readonly eventLog: EventLog;
  readonly logger: Logger;
  /**
   * Makes a verified snapshot ready; a rejection refuses the snapshot, and what is held goes on serving.
   * @param closing aborted when following ends, or the snapshot is wanted no longer, which waits for the load
   */
  readonly load: (local: LocalSnapshot, closing: AbortSignal) => Promise<T>;
  /** The files that `load` needs: no others are fetched and verified. Default: all. */
  readonly only?: FileFilter;
  /** Snapshots held at once; default 3. */
  readonly capacity?: number;
  /** Ids to keep loaded besides, as of experiments; asked at every look at the pointer. */
  readonly pinned?: () => readonly string[];
  /** Called whenever another snapshot becomes the current one, the first included. */
  readonly onCurrent?: (snapshotId: string) => void;
  /**
   * Called when there is a current snapshot and the pinned ones of the start are loaded too, or given up, and
   * whenever another becomes current after that: who serves earlier answers an experiment's users by the current one.
   */
  readonly onReady?: () => void;
  /**
   * Awaited before the first snapshot is loaded, which may take many minutes on a slow link: who listens by then is seen to be alive, and
   * by its metrics.
   */
  readonly beforeLoad?: (holder: SnapshotHolder<T>) => Promise<void>;
  /** Aborted while the first snapshot is loaded, the start goes on without one; afterwards `close` is what ends it. */
  readonly stopping?: AbortSignal;
  /** Version and age of what is held are told there. */
  readonly metrics?: MetricsRegistry;
}

/**
 * Loads the current snapshot, if there is one, and follows. An announcement makes it look at once; without the log
 * the holder's poll finds a new snapshot a few seconds later, so a log that is down, at the start or later, delays and breaks nothing.
 */
export async function followSnapshots<T extends { close(): Promise<void> | void }>(
  options: FollowSnapshotsOptions<T>,
): Promise<SnapshotFollowing<T>> {
  const { store, eventLog, logger, load, onCurrent } = options;
  const created = new Map<string, { readonly atMs: number; loadedCount: number }>();
  let hasStarted = false;
  const holder = new SnapshotHolder<T>({
    store,
    load: async (local, closing) => {
      const loaded = await load(local, closing);
      const known = created.get(local.snapshotId);
      // Loaded again before its last request ended, after it was let go.
      if (known) known.loadedCount++;
      else created.set(local.snapshotId, { atMs: local.manifest.createdAtMs, loadedCount: 1 });
      return loaded;
    },
    ...(options.only === undefined ? {} : { only: options.only }),
    ...(options.capacity === undefined ? {} : { capacity: options.capacity }),
    ...(options.pinned === undefined ? {} : { pinned: options.pinned }),
    callbacks: {
      onCurrent: (snapshotId, previousId) => {
        logger.info({ snapshotId, previousId }, 'serves another snapshot');
        onCurrent?.(snapshotId);
        if (hasStarted) options.onReady?.();
      },
      onRefused: (snapshotId, error, attempt) => {
        logger.error({ snapshotId, attempt, err: error }, 'refused a snapshot; what was served is served on');
        options.metrics?.count(SERVICE_METRICS.snapshotRefusals, { reason: refusalReason(error) });
      },
      onReleased: (snapshotId) => {
        const known = created.get(snapshotId);
        if (known && --known.loadedCount === 0) created.delete(snapshotId);
        logger.info({ snapshotId }, 'released a snapshot');
      },
      onPointerUnreadable: (error) => {
        logger.warn({ err: error }, 'could not follow the snapshot pointer');
        options.metrics?.count(SERVICE_METRICS.snapshotPointerFailures);
      },
      onError: (error) => logger.warn({ err: error }, 'could not close a snapshot'),
    },
  });
  for (const reason of [...REFUSAL_REASONS, OTHER_REFUSAL])
    options.metrics?.declare(SERVICE_METRICS.snapshotRefusals, { reason });
  options.metrics?.declare(SERVICE_METRICS.snapshotPointerFailures);
  if (options.metrics) showSnapshots(options.metrics, holder, (snapshotId) => created.get(snapshotId)?.atMs);
  await options.beforeLoad?.(holder);
  await startHolder(holder, options.stopping);
  hasStarted = true;
  if (holder.currentId() !== undefined) options.onReady?.();
  const announcements = followLog({
    without: 'no snapshot announcements, and the pointer is polled instead',
    logger,
    subscribe: async () => {
      await eventLog.ensureTopics([SNAPSHOTS_TOPIC]);
      return eventLog.tail(TOPICS.snapshots, {
        // Not awaited: loading takes longer than reading announcements, and a refresh sees all that came before it.
        onRecords: async () => void holder.refresh(),
        onError: (error) => logger.warn({ err: error }, 'could not read a snapshot announcement'),
      });
    },
  });
  return {
    holder,
    announcements,
    close: async () => {
      await announcements.stop();
      await holder.close();
    },
  };
}

async function startHolder(
  holder: Pick<SnapshotHolder<{ close(): void }>, 'start' | 'close'>,
  stopping: AbortSignal | undefined,
): Promise<void> {
  const ignore = onAbort(stopping, () => void holder.close());
  await holder.start();
  // From here on requests may use it: they end before it closes.
  ignore();
}

/** By code, so that no message makes a series of its own. */
const REFUSAL_REASONS = [
  'snapshot-not-found',
  'snapshot-corrupt',
  'snapshot-format',
  'snapshot-store-unavailable',
  'local-disk',
  // Of a service's own look at a snapshot before it takes over: retrieval's, ranking's.
  'canary-failed',
  'scores-not-finite',
] as const;
const OTHER_REFUSAL = 'does-not-load';

function refusalReason({ code }: Error & { readonly code?: unknown }): string {
  return REFUSAL_REASONS.find((reason) => reason === code) ?? OTHER_REFUSAL;
}

function showSnapshots(
  metrics: MetricsRegistry,
  holder: Pick<SnapshotHolder<{ close(): void }>, 'heldIds' | 'currentId'>,
  createdAtMsOf: (snapshotId: string) => number | undefined,
): void {
  metrics.gaugeSeries(SERVICE_METRICS.snapshotInfo, () =>
    holder.heldIds().map((snapshot) => [{ snapshot }, snapshot === holder.currentId() ? 1 : 0]),
  );
  metrics.gauge(SERVICE_METRICS.snapshotAge, () => {
    const createdAtMs = createdAtMsOf(holder.currentId() ?? '');
    return createdAtMs === undefined ? NaN : (Date.now() - createdAtMs) / 1_000;
  });
}

/** Tells readers to look at the pointer now; without it they do so within seconds. @throws EventLogError */
export async function announceSnapshot(eventLog: EventLog, snapshotId: string): Promise<void> {
  await eventLog.ensureTopics([SNAPSHOTS_TOPIC]);
  const value = SnapshotAnnouncement.encode({ snapshotId, announcedAtMs: Date.now() }).finish();
  await eventLog.append(TOPICS.snapshots, [{ key: snapshotId, value }]);
}

/**
 * Runs a call's work with the snapshot it names (empty: the current one).
 * @throws rpcError UNAVAILABLE before the first snapshot; FAILED_PRECONDITION, with the held ones in the metadata key
 *   `HELD_SNAPSHOTS_METADATA`, for one that is not held
 */
export async function useSnapshot<T extends { close(): Promise<void> | void }, Result>(
  holder: SnapshotHolder<T>,
  snapshotId: string,
  work: (value: T, snapshotId: string) => Promise<Result>,
): Promise<Result> {
  try {
    return await holder.use(snapshotId === '' ? undefined : snapshotId, work);
  } catch (error) {
    if (!(error instanceof SnapshotNotHeldError)) throw error;
    const held = { [HELD_SNAPSHOTS_METADATA]: error.servableIds.join(',') };
    // Before the first snapshot nothing can be answered, whichever is asked for.
    const code = error.heldIds.length === 0 ? status.UNAVAILABLE : status.FAILED_PRECONDITION;
    throw rpcError(code, error.message, held, error);
  }
}
