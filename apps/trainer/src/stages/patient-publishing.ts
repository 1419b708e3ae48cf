/**
 * Publishing that outlasts minutes of trouble with the store: hours of training stand behind it, and a run that fails here does much of
 * them again. What a try has written is there for the next: files lie under their digests.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { SnapshotManifest } from '@watchnext/contract';
import type { Logger } from '@watchnext/service';
import {
  PointerConflictError,
  SnapshotExistsError,
  type SnapshotStore,
  SnapshotStoreUnavailableError,
} from '@watchnext/snapshot-store';

/** Four minutes together. */
const PAUSES_MS = [1, 2, 5, 10, 20, 30, 60, 60, 60].map((seconds) => 1_000 * seconds);

export interface Patience {
  /** @throws where the signal is aborted, at once */
  pause(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Before each pause. */
  onFailure(error: Error, pauseMs: number): void;
}

export function patienceLoggedTo(logger: Logger): Patience {
  return {
    pause: (milliseconds, signal) => delay(milliseconds, undefined, { signal }),
    onFailure: (error, pauseMs) =>
      logger.warn({ err: error }, `the snapshot store does not answer; tried again in ${pauseMs / 1_000} s`),
  };
}

/**
 * @param signal ends a pause, and with it the publishing
 * @throws as `SnapshotStore.publish`, after the last try; what ends a pause
 */
export function publishPatiently(
  store: SnapshotStore,
  directory: string,
  manifest: SnapshotManifest,
  patience: Patience,
  signal: AbortSignal,
): Promise<void> {
  return repeated(
    async () => {
      try {
        await store.publish(directory, manifest);
      } catch (error) {
        // Whole already, by a try whose answer was lost: an earlier one, or one within this that the store's client made.
        if (error instanceof SnapshotExistsError && (await isStored(store, manifest))) return;
        throw error;
      }
    },
    patience,
    signal,
  );
}

/** Not ended by a signal: it is one small object, and what comes of it is to be known. @throws as `SnapshotStore.movePointer`, after the last try */
export function movePointerPatiently(
  store: SnapshotStore,
  expected: string | undefined,
  next: string,
  patience: Patience,
): Promise<void> {
  return repeated(async () => {
    try {
      await store.movePointer(expected, next);
    } catch (error) {
      // Moved already, by a try whose answer was lost.
      if (!(error instanceof PointerConflictError && error.actual === next)) throw error;
    }
  }, patience);
}

/** What is read of a store between trainings: as patient as publishing, for the same reason. The rest is the store's. */
export function patientReads(store: SnapshotStore, patience: Patience, signal: AbortSignal): SnapshotStore {
  return {
    publish: (directory, manifest) => store.publish(directory, manifest),
    list: () => store.list(),
    movePointer: (expected, next) => store.movePointer(expected, next),
    close: () => store.close(),
    readManifest: (snapshotId) => repeated(() => store.readManifest(snapshotId), patience, signal),
    fetch: (snapshotId, options) => repeated(() => store.fetch(snapshotId, options), patience, signal),
    readPointer: () => repeated(() => store.readPointer(), patience, signal),
  };
}

async function isStored(store: SnapshotStore, manifest: SnapshotManifest): Promise<boolean> {
  const stored = await store.readManifest(manifest.snapshotId);
  return isDeepStrictEqual(SnapshotManifest.toJSON(stored), SnapshotManifest.toJSON(manifest));
}

async function repeated<Result>(
  work: () => Promise<Result>,
  { pause, onFailure }: Patience,
  signal?: AbortSignal,
): Promise<Result> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const pauseMs = PAUSES_MS[tries];
      if (!(error instanceof SnapshotStoreUnavailableError) || pauseMs === undefined) throw error;
      onFailure(error, pauseMs);
      await pause(pauseMs, signal);
    }
  }
}
