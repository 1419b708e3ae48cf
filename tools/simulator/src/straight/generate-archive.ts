/**
 * Writes a world's history straight into the archive's format: the bytes that ingestion would have archived, had every
 * event come in at its time. The same for any number of workers.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { openParquetArchive } from '@watchnext/event-archive';
import { makeOwnFolder } from '@watchnext/folder-lock';
import type { WorkerProgram } from '@watchnext/threads';
import type { LifeCounts } from '../history';
import type { WorldOptions } from '../parameters';
import { Popularity, type PopularityColumns } from '../popularity';
import { World } from '../world';
import { archiveCatalogue, type ArchivedPartition } from './archive-partition';
import { runOnWorkers } from './worker-pool';

export interface GenerateOptions {
  readonly world: WorldOptions;
  /** Where the archive goes; must not hold one. Undefined: only the checksum is taken. */
  readonly archiveFolder: string | undefined;
  /** What waits to be sorted, about 500 bytes an event, lies in a folder of its own in here; only that is removed at the end. */
  readonly spillFolder: string;
  readonly partitionCount: number;
  readonly workerCount: number;
  /** Called when all is written, just before the archive is put in its place: what it throws, the archive is not there for. */
  readonly onWritten?: (generated: GeneratedArchive) => void;
  readonly onProgress?: (stage: 'living' | 'archiving', done: number, total: number, records: number) => void;
  readonly signal?: AbortSignal;
  readonly program?: WorkerProgram;
}

export interface GeneratedArchive {
  /** Of the activity topic. */
  readonly eventCount: number;
  readonly videoCount: number;
  readonly counts: LifeCounts;
  readonly popularity: Popularity;
  /** SHA-256 over every record of both topics, for this number of partitions. */
  readonly checksum: string;
}

interface TellColumns {
  readonly deliveries: number;
  readonly counts: LifeCounts;
  readonly popularity: PopularityColumns;
}

/** Of folders that the caller names: another machine may use them, too. */
const IN_SHARED = { isShared: true };

/** There is something where the archive should go. */
export class ArchiveThereError extends Error {
  constructor(readonly folder: string) {
    super(`${folder} is not empty: remove it, or name another folder`);
    this.name = 'ArchiveThereError';
  }
}

/**
 * The archive is there as a whole or not at all.
 *
 * @throws ArchiveThereError, WorkerError (as for a full disk); Error of the file system when the folders cannot be made
 */
export async function generateArchive(options: GenerateOptions): Promise<GeneratedArchive> {
  const { archiveFolder, spillFolder } = options;
  if (archiveFolder !== undefined && existsSync(archiveFolder) && readdirSync(archiveFolder).length > 0)
    throw new ArchiveThereError(archiveFolder);
  let [unfinished, ownSpill]: (string | undefined)[] = [];
  try {
    if (archiveFolder !== undefined)
      unfinished = await makeOwnFolder(dirname(archiveFolder), `${basename(archiveFolder)}.unfinished`, IN_SHARED);
    // Never the same twice: what a killed run left would be read as this one's.
    ownSpill = await makeOwnFolder(spillFolder, 'watchnext-spill', IN_SHARED);
    // In a folder that others than this user may read.
    const written = unfinished === undefined ? undefined : join(unfinished, 'archive');
    if (written !== undefined) mkdirSync(written);
    const generated = await generate({ ...options, archiveFolder: written, spillFolder: ownSpill });
    options.onWritten?.(generated);
    if (written !== undefined && archiveFolder !== undefined) {
      // Renaming onto an empty folder works, onto one with something in it does not.
      renameSync(written, archiveFolder);
    }
    return generated;
  } finally {
    if (ownSpill !== undefined) removeIfThere(ownSpill);
    if (unfinished !== undefined) removeIfThere(unfinished);
  }
}

/** What cannot be removed must not hide why it is there. */
function removeIfThere(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // A path below a file, or a disk that went away.
  }
}

async function generate(options: GenerateOptions): Promise<GeneratedArchive> {
  const { archiveFolder, spillFolder, partitionCount, workerCount, signal, program } = options;
  const world = new World(options.world);
  const progress = { viewers: 0, records: 0, archived: 0 };
  const told = await runOnWorkers<TellColumns>(
    Array.from({ length: workerCount }, (_, worker) => ({
      kind: 'tell' as const,
      world: options.world,
      partitionCount,
      spillFolder,
      worker,
      workerCount,
    })),
    workerCount,
    (viewers, records) => {
      progress.viewers += viewers;
      progress.records += records;
      options.onProgress?.('living', progress.viewers, world.population.count, progress.records);
    },
    signal,
    program,
  );
  const partitions = await runOnWorkers<ArchivedPartition>(
    Array.from({ length: partitionCount }, (_, partition) => ({
      kind: 'archive' as const,
      partition,
      spillFolder,
      archiveFolder,
    })),
    workerCount,
    (_, records) => {
      progress.archived += records;
      options.onProgress?.('archiving', progress.archived, progress.records, progress.archived);
    },
    signal,
    program,
  );
  const catalogue = await withArchive(archiveFolder, (archive) => archiveCatalogue(archive, world));
  const popularity = new Popularity(world);
  const counts: LifeCounts = { requests: 0, impressions: 0, watches: 0, searches: 0 };
  for (const each of told) {
    popularity.add(each.popularity);
    for (const name of Object.keys(counts) as (keyof LifeCounts)[]) counts[name] += each.counts[name];
  }
  return {
    eventCount: partitions.reduce((sum, { recordCount }) => sum + recordCount, 0),
    videoCount: catalogue.recordCount,
    counts,
    popularity,
    checksum: combined([...partitions, catalogue]),
  };
}

async function withArchive<Result>(
  folder: string | undefined,
  work: (archive: ReturnType<typeof openParquetArchive> | undefined) => Promise<Result>,
): Promise<Result> {
  const archive = folder === undefined ? undefined : openParquetArchive(folder);
  try {
    return await work(archive);
  } finally {
    await archive?.close();
  }
}

function combined(parts: readonly ArchivedPartition[]): string {
  const hash = createHash('sha256');
  for (const { sha256 } of parts) hash.update(sha256);
  return hash.digest('hex');
}
