/**
 * Imports a data set straight into an archive folder, for training and evaluation without a running system. All happens
 * in a folder beside it, which becomes the archive when everything is there: a reader finds all or nothing, and the
 * same command goes on where an earlier one was cut off.
 */
import { readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ArchiveSink, type Refused } from './archive-sink';
import { DatasetError } from './dataset-error';
import { importEvents, type ImportEventsOptions, type ImportResult } from './import';
import { importerNamed } from './importers';
import { describeFailure } from './full-disk';
import { fingerprintOf } from './fingerprint';
import { Staging } from './staging/staging';

export interface ImportToArchiveOptions extends Omit<ImportEventsOptions, 'alreadySent' | 'staging'> {
  /** The archive's folder, which must not hold anything yet. */
  readonly archive: string;
  /** Partitions of the activity topic: those of the system that reads it, WATCHNEXT_ACTIVITY_PARTITIONS; default 4. */
  readonly partitionCount?: number;
}

export interface ImportToArchiveResult extends ImportResult {
  readonly rejected: Refused;
}

const PARTITION_COUNT = 4;

/** @throws DatasetError for an unknown name, a missing file or column, an archive that is in use, a full disk */
export async function importToArchive(
  name: string,
  path: string,
  options: ImportToArchiveOptions,
): Promise<ImportToArchiveResult> {
  const importer = importerNamed(name);
  const { archive, partitionCount = PARTITION_COUNT } = options;
  await refuseUsed(archive);
  const work = `${archive}.importing`;
  // What was begun from other files, or otherwise, is not gone on from.
  const fingerprint = await fingerprintOf(importer, path, { ...options, partitionCount });
  const incoming = join(work, `archive-${fingerprint}`);
  try {
    // Who has it open has all of the work folder to itself; nothing in there is touched before.
    const staging = await Staging.open({ folder: join(work, 'staging') });
    try {
      await refuseUsed(archive);
      for (const other of await readdir(work))
        if (other.startsWith('archive-') && join(work, other) !== incoming)
          await rm(join(work, other), { recursive: true });
      const sink = await ArchiveSink.open(incoming, partitionCount);
      try {
        const result = await importEvents(importer, path, sink, { ...options, staging });
        await sink.complete();
        await rmdir(archive).catch(() => undefined);
        await rename(incoming, archive);
        await rm(work, { recursive: true, force: true });
        return { ...result, rejected: sink.refused };
      } finally {
        await sink.close();
      }
    } catch (error) {
      // There is nothing to go on from when the files themselves are at fault.
      if (error instanceof DatasetError) await rm(work, { recursive: true, force: true });
      throw error;
    } finally {
      await staging.close();
    }
  } catch (error) {
    throw describeFailure(error, work);
  }
}

async function refuseUsed(archive: string): Promise<void> {
  if ((await readdir(archive).catch(() => [])).length > 0)
    throw new DatasetError(`${archive} is not empty: an import makes an archive of its own; choose another folder`);
}
