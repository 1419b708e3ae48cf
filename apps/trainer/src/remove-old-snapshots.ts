import { readFile } from 'node:fs/promises';
import { embeddedPaths } from '@watchnext/config';
import { type ExperimentsFile, NO_EXPERIMENTS, parseExperiments, pinnedSnapshots } from '@watchnext/experiments';
import type { Logger } from '@watchnext/service';
import { openFolderSnapshotStore, removeOldSnapshots } from '@watchnext/snapshot-store';
import type { TrainerSettings } from './settings';

type KeptSettings = Pick<
  TrainerSettings,
  'WATCHNEXT_DATA_DIR' | 'WATCHNEXT_KEPT_SNAPSHOTS' | 'WATCHNEXT_EXPERIMENTS_FILE'
>;

/**
 * Removes what the settings do not keep. A failure is told and is none of the run: a next one tries again. Without knowing what
 * experiments name, nothing is removed.
 */
export async function removeOldSnapshotsBy(
  settings: KeptSettings,
  logger: Logger,
  nowMs: number = Date.now(),
): Promise<void> {
  const { WATCHNEXT_KEPT_SNAPSHOTS: count, WATCHNEXT_EXPERIMENTS_FILE: file } = settings;
  if (count === undefined) return;
  try {
    // Those that are over need none; those to come may begin at any time.
    const named = pinnedSnapshots(await experimentsIn(file), nowMs, Infinity);
    const store = openFolderSnapshotStore(embeddedPaths(settings.WATCHNEXT_DATA_DIR).snapshots);
    const snapshotIds = await removeOldSnapshots(store, { count, named }, nowMs);
    if (snapshotIds.length > 0) logger.info({ snapshotIds }, 'removed old snapshots');
  } catch (error) {
    logger.warn({ err: error as Error }, 'could not remove old snapshots: the disk fills until it can');
  }
}

async function experimentsIn(file: string | undefined): Promise<ExperimentsFile> {
  return file === undefined ? NO_EXPERIMENTS : parseExperiments(await readFile(file, 'utf8'));
}
