/**
 * Restores one partition of the feature store from its newest sound checkpoint and the archive after it, through the
 * very code that streaming folds with, so that the states come out byte for byte as streaming left them.
 *
 * While a checkpoint is loaded the stored mark names no topic of the log: a materialiser refuses such a store, and a
 * restore that finds it (an earlier one was cut off) begins anew. From then on the marks are real, and a restore that
 * is cut off goes on from its mark.
 */
import { TOPICS, type Mark } from '@watchnext/contract';
import {
  type Checkpoint,
  type CheckpointStore,
  CheckpointCorruptError,
  type EventArchive,
} from '@watchnext/event-archive';
import type { LogRecord } from '@watchnext/event-log';
import { STATE_FORMAT_VERSION } from '@watchnext/features';
import { type FeatureStore, MarkConflictError } from '@watchnext/feature-store';
import type { Logger } from '@watchnext/service';
import { markAt, newerFormatOf, PartitionFold } from '../materialise/partition-fold';
import { sortRecords } from '../materialise/sort-records';
import { FoldError } from '../materialise/unfoldable';

const RESTORING = 'watchnext.restoring';
const BATCH_RECORDS = 2_000;
const BATCH_STATES = 500;
const CACHED_USERS = 10_000;

/** The store is as it was; the message says what an operator can do. */
class RestoreRefusedError extends Error {
  constructor(partition: number, why: string) {
    super(`partition ${partition}: ${why}`);
    this.name = 'RestoreRefusedError';
  }
}

export interface RestoreOptions {
  readonly partitionCount: number;
  /** Whether to throw away what the store has, whatever its mark says. */
  readonly overwrite?: boolean;
  /** Of the states that this version writes; default: `STATE_FORMAT_VERSION`. For specs. */
  readonly stateFormat?: number;
}

export interface RestoreReport {
  readonly partition: number;
  /** Offset of the checkpoint that was loaded. */
  readonly checkpointOffset?: number;
  readonly loadedStateCount: number;
  readonly foldedRecordCount: number;
  /** Of other partitions, or under a key that is not their user's: streaming has sent them on, so each is there once more. */
  readonly misplacedRecordCount: number;
  /** Those that streaming has made dead letters of. */
  readonly deadRecordCount: number;
  /** The mark now; -1 while there is nothing to restore from. */
  readonly markOffset: number;
}

export interface RestoreParts {
  readonly store: FeatureStore;
  readonly archive: EventArchive;
  readonly checkpoints: CheckpointStore;
  readonly logger: Logger;
}

/** @throws RestoreRefusedError */
export async function restorePartition(
  parts: RestoreParts,
  partition: number,
  options: RestoreOptions,
): Promise<RestoreReport> {
  try {
    return await restore(parts, partition, options);
  } catch (error) {
    if (!(error instanceof MarkConflictError)) throw error;
    throw new RestoreRefusedError(partition, 'a materialiser works on it at the same time: stop those first');
  }
}

async function restore(parts: RestoreParts, partition: number, options: RestoreOptions): Promise<RestoreReport> {
  const { store, archive } = parts;
  const { partitionCount, overwrite, stateFormat = STATE_FORMAT_VERSION } = options;
  const archiveEnd = (await archive.nextOffset(TOPICS.activity, partition)) ?? 0;
  let mark = await store.readMark(partition);
  if (mark && mark.topic !== RESTORING && !overwrite) refuseNewer(partition, mark, archiveEnd, stateFormat);
  if (mark && (mark.topic === RESTORING || overwrite)) {
    await refuseUnrestorable(parts, partition, archiveEnd, stateFormat);
    await store.clear(partition);
    mark = undefined;
  }
  const loaded = mark ? undefined : await loadCheckpoint(parts, partition, archiveEnd, stateFormat);
  mark ??= loaded?.mark;
  const fromOffset = mark ? mark.offset + 1 : 0;
  const archiveStart = (await archive.firstOffset(TOPICS.activity, partition)) ?? 0;
  if (fromOffset < archiveStart) throw beginsLate(partition, archiveStart, fromOffset);
  const counts = await foldArchive(parts, partition, mark, archiveEnd, { partitionCount, stateFormat });
  return {
    partition,
    ...(loaded && { checkpointOffset: loaded.mark.offset }),
    loadedStateCount: loaded?.stateCount ?? 0,
    ...counts,
    markOffset: Math.max(archiveEnd - 1, mark?.offset ?? -1),
  };
}

const beginsLate = (partition: number, archiveStart: number, fromOffset: number) =>
  new RestoreRefusedError(
    partition,
    `the archive begins at offset ${archiveStart}, and no sound checkpoint reaches it: offsets from ${fromOffset} on are missing`,
  );

/** What there is may be thrown away only for something: the archive may be another system's, or have been moved. */
async function refuseUnrestorable(
  { archive, checkpoints }: RestoreParts,
  partition: number,
  archiveEnd: number,
  stateFormat: number,
): Promise<void> {
  if (archiveEnd === 0)
    throw new RestoreRefusedError(
      partition,
      'the store has states, and the archive nothing to restore them from: WATCHNEXT_DATA_DIR, or WATCHNEXT_OBJECT_STORE with ' +
        'WATCHNEXT_S3_…, must name a system that has run',
    );
  const archiveStart = (await archive.firstOffset(TOPICS.activity, partition)) ?? 0;
  const isReached = ({ offset }: { offset: number }) => offset + 1 >= archiveStart;
  if (archiveStart > 0 && !(await candidatesFor(checkpoints, partition, archiveEnd, stateFormat)).some(isReached))
    throw beginsLate(partition, archiveStart, 0);
}

function refuseNewer(partition: number, mark: Mark, archiveEnd: number, stateFormat: number): void {
  if (mark.topic !== TOPICS.activity) {
    throw new RestoreRefusedError(partition, `the store was folded from ${mark.topic}; --overwrite throws that away`);
  }
  const newer = newerFormatOf(mark, stateFormat);
  if (newer !== undefined) throw new RestoreRefusedError(partition, newer);
  if (mark.offset >= archiveEnd) {
    throw new RestoreRefusedError(
      partition,
      `the store's mark is at ${mark.offset}, the archive ends before ${archiveEnd}: there is nothing to restore. ` +
        '--overwrite throws the states away and restores those of the archive',
    );
  }
}

/** Newest first; none of a newer format, of which this version would drop a part with each state that it folds on. */
async function candidatesFor(
  checkpoints: CheckpointStore,
  partition: number,
  archiveEnd: number,
  stateFormat: number,
): Promise<Checkpoint[]> {
  const all = await checkpoints.list(TOPICS.activity);
  return all.filter(
    (each) => each.partition === partition && each.offset < archiveEnd && each.stateFormat <= stateFormat,
  );
}

/** Writes the states of the newest checkpoint that is whole, and then its mark. */
async function loadCheckpoint(
  { store, checkpoints, logger }: RestoreParts,
  partition: number,
  archiveEnd: number,
  stateFormat: number,
): Promise<{ mark: Mark; stateCount: number } | undefined> {
  for (const checkpoint of await candidatesFor(checkpoints, partition, archiveEnd, stateFormat)) {
    let mark: Mark | undefined;
    let states = new Map<string, Uint8Array>();
    let stateCount = 0;
    const commit = async (next: Mark) => {
      await store.commit(partition, { expected: mark, next, states });
      mark = next;
      states = new Map();
    };
    try {
      for await (const { userId, state } of checkpoints.read(checkpoint)) {
        states.set(userId, state);
        stateCount++;
        if (states.size === BATCH_STATES) await commit({ topic: RESTORING, partition, offset: stateCount });
      }
    } catch (error) {
      if (!(error instanceof CheckpointCorruptError)) throw error;
      logger.warn({ err: error }, 'passing over a damaged checkpoint');
      continue;
    }
    const loaded = markAt(partition, checkpoint.offset, checkpoint.stateFormat);
    await commit(loaded);
    return { mark: loaded, stateCount };
  }
  return undefined;
}

/**
 * Dead letters and records of other partitions are passed over: streaming has dealt with them, and what it sent on
 * lies further along in the archive.
 */
async function foldArchive(
  { store, archive, logger }: RestoreParts,
  partition: number,
  mark: Mark | undefined,
  archiveEnd: number,
  { partitionCount, stateFormat }: { partitionCount: number; stateFormat: number },
): Promise<Pick<RestoreReport, 'foldedRecordCount' | 'misplacedRecordCount' | 'deadRecordCount'>> {
  const fold = new PartitionFold(store, partition, mark, CACHED_USERS, stateFormat);
  let pending: LogRecord[] = [];
  let lastOffset = mark?.offset ?? -1;
  let count = 0;
  let foldedRecordCount = 0;
  let misplacedRecordCount = 0;
  let deadRecordCount = 0;
  const advance = async () => {
    lastOffset = (pending.at(-1) as LogRecord).offset;
    const sorted = sortRecords(pending, partitionCount);
    const folded = await fold.fold(sorted.toFold);
    const unreadable = folded.failures.find(({ code }) => code === 'state-unreadable');
    if (unreadable) throw new FoldError(partition, unreadable);
    await fold.commit(folded, lastOffset);
    foldedRecordCount += sorted.toFold.length - folded.failures.length;
    misplacedRecordCount += sorted.toReroute.length;
    deadRecordCount += sorted.dead.length + folded.failures.length;
    count += pending.length;
    pending = [];
    if (count % (50 * BATCH_RECORDS) === 0) logger.info({ partition, offset: lastOffset, archiveEnd }, 'restoring');
  };
  const range = { partition, fromOffset: lastOffset + 1 };
  for await (const records of archive.read(TOPICS.activity, { order: 'offset', ...range })) {
    for (const record of records) {
      if (record.offset >= archiveEnd) break;
      pending.push(record);
      if (pending.length === BATCH_RECORDS) await advance();
    }
  }
  if (pending.length > 0) await advance();
  // The last offsets may have been emptied by compaction or by `npm run forget`: they are accounted for.
  if (lastOffset < archiveEnd - 1) await fold.commit({ states: new Map() }, archiveEnd - 1);
  return { foldedRecordCount, misplacedRecordCount, deadRecordCount };
}
