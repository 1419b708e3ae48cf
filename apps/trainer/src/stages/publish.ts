import type { EventLog } from '@watchnext/event-log';
import { announceSnapshot } from '@watchnext/service';
import { PointerConflictError, type SnapshotStore } from '@watchnext/snapshot-store';
import { defineStage } from '../pipeline/stage';
import { movePointerPatiently, type Patience, publishPatiently } from './patient-publishing';

/**
 * Publishes the snapshot, and makes it the current one if its verdict allows: files, manifest, pointer, announcement, in
 * this order, so that a run killed anywhere leaves either the old pointer or a whole new snapshot behind it.
 *
 * Does not stop halfway for a signal, unless it waits for the store: it takes less time than the question is worth.
 *
 * @param mayBeCurrent false: the pointer stays where it is, whatever the verdict
 * @throws PointerConflictError when another trainer moved the pointer meanwhile; this snapshot stays, unserved
 */
export const publishStage = (
  store: SnapshotStore,
  openLog: () => Promise<EventLog>,
  patience: Patience,
  mayBeCurrent: boolean,
) =>
  defineStage({
    name: 'publish',
    needs: ['snapshot', 'verdict', 'parentSnapshotId'],
    gives: ['published'],
    async run({ snapshot, verdict, parentSnapshotId }, { note, signal }) {
      const { snapshotId } = snapshot.manifest;
      await publishPatiently(store, snapshot.directory, snapshot.manifest, patience, signal);
      if (!verdict.passed || !mayBeCurrent) {
        note({ snapshotId, passed: verdict.passed, current: false });
        return { published: { snapshotId, current: false } };
      }
      try {
        await movePointerPatiently(store, parentSnapshotId, snapshotId, patience);
      } catch (error) {
        if (!(error instanceof PointerConflictError)) throw error;
        throw new Error(
          `snapshot ${snapshotId} was trained to follow ${error.expected ?? 'none'}, but ${error.actual ?? 'none'} is ` +
            'current by now: another trainer was faster. It is published, and not current.',
          { cause: error },
        );
      }
      note({ snapshotId, current: true, ...(await announce(openLog, snapshotId)) });
      return { published: { snapshotId, current: true } };
    },
  });

/** An announcement only saves readers the wait for their next look at the pointer: without it, publishing has succeeded. */
async function announce(
  openLog: () => Promise<EventLog>,
  snapshotId: string,
): Promise<{ announced: boolean; reason?: string }> {
  try {
    const log = await openLog();
    try {
      await announceSnapshot(log, snapshotId);
    } finally {
      await log.close();
    }
    return { announced: true };
  } catch (error) {
    return { announced: false, reason: (error as Error).message };
  }
}
