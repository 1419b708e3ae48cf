/**
 * Checkpoints are made from the archive alone, by the last checkpoint and what was archived since: the feature store is
 * neither read nor trusted, and nothing is held in memory but one user's records. Those of a newer format are left as they are, for the
 * version that wrote them: going on from one would drop what this version does not read of it.
 */
import { TOPICS } from '@watchnext/contract';
import {
  type CheckpointedState,
  CheckpointCorruptError,
  type CheckpointStore,
  type EventArchive,
  type StoredCheckpoint,
} from '@watchnext/event-archive';
import type { LogRecord } from '@watchnext/event-log';
import { STATE_FORMAT_VERSION } from '@watchnext/features';
import type { Logger } from '@watchnext/service';
import { foldUser } from '../materialise/fold-user';
import { sortRecords } from '../materialise/sort-records';
import { FoldError } from '../materialise/unfoldable';

export interface CheckpointOptions {
  readonly partitionCount: number;
  /** Checkpoints of a partition that stay, the new one among them. */
  readonly keep: number;
  /** Whether to fold all of the archive anew, and to remove the checkpoints of before, which another reducer has made. */
  readonly anew?: boolean;
  /** Of the states that this version writes; default: `STATE_FORMAT_VERSION`. For specs. */
  readonly stateFormat?: number;
}

export interface WrittenCheckpoint extends StoredCheckpoint {
  /** As in a restore: each is in the archive once more. */
  readonly misplacedRecordCount: number;
}

/** @returns the partition's newest checkpoint, made now if there was anything new; undefined for an empty archive */
export async function writeCheckpoint(
  archive: EventArchive,
  checkpoints: CheckpointStore,
  logger: Logger,
  partition: number,
  { partitionCount, keep, anew = false, stateFormat = STATE_FORMAT_VERSION }: CheckpointOptions,
): Promise<WrittenCheckpoint | undefined> {
  const archiveEnd = await archive.nextOffset(TOPICS.activity, partition);
  if (archiveEnd === undefined) return undefined;
  const known = (await checkpoints.list(TOPICS.activity)).filter(
    (each) => each.partition === partition && each.stateFormat <= stateFormat,
  );
  let written: WrittenCheckpoint | undefined;
  const bases = anew ? [] : known.filter(({ offset }) => offset < archiveEnd);
  for (const base of [...bases, undefined]) {
    const firstOffset = (await archive.firstOffset(TOPICS.activity, partition)) ?? 0;
    if ((base ? base.offset + 1 : 0) < firstOffset) {
      throw new Error(
        `partition ${partition}: the archive begins at ${firstOffset}, and no sound checkpoint reaches it`,
      );
    }
    try {
      const before = base ? checkpoints.read(base) : nothing();
      // A base at the very end is read all the same: a checkpoint that nobody can read must be replaced.
      const users = recordsByUser(archive, partition, base ? base.offset + 1 : 0, archiveEnd);
      const misplaced = { recordCount: 0 };
      const states = merge(before, users, partitionCount, misplaced);
      const place = { topic: TOPICS.activity, partition, offset: archiveEnd - 1, stateFormat };
      const checkpoint = await checkpoints.write(place, states);
      written = { ...checkpoint, misplacedRecordCount: misplaced.recordCount };
      break;
    } catch (error) {
      if (!(error instanceof CheckpointCorruptError)) throw error;
      logger.warn({ err: error }, 'passing over a damaged checkpoint');
      await checkpoints.remove(error.checkpoint);
    }
  }
  const others = known.filter(
    (each) =>
      each.offset !== written?.offset || each.sha256 !== written.sha256 || each.stateFormat !== written.stateFormat,
  );
  for (const old of others.slice(anew ? 0 : Math.max(0, keep - 1))) await checkpoints.remove(old);
  return written;
}

async function* nothing(): AsyncGenerator<CheckpointedState> {
  // The beginning of time.
}

interface UserRecords {
  readonly userId: string;
  readonly records: LogRecord[];
}

/** Ascending by the bytes of the key, as the archive sorts. */
async function* recordsByUser(
  archive: EventArchive,
  partition: number,
  fromOffset: number,
  toOffset: number,
): AsyncGenerator<UserRecords> {
  let current: UserRecords | undefined;
  for await (const batch of archive.read(TOPICS.activity, { order: 'key', partition, fromOffset })) {
    for (const record of batch) {
      if (record.offset >= toOffset) continue;
      if (current?.userId !== record.key) {
        if (current) yield current;
        current = { userId: record.key, records: [] };
      }
      current.records.push(record);
    }
  }
  if (current) yield current;
}

/** Both sides ascend by user id; so does what comes out. */
async function* merge(
  states: AsyncGenerator<CheckpointedState>,
  users: AsyncGenerator<UserRecords>,
  partitionCount: number,
  misplaced: { recordCount: number },
): AsyncGenerator<CheckpointedState> {
  let state = await next(states);
  for await (const user of users) {
    while (state && compare(state.userId, user.userId) < 0) {
      yield state;
      state = await next(states);
    }
    const before = state?.userId === user.userId ? state.state : undefined;
    if (before) state = await next(states);
    const { toFold, toReroute } = sortRecords(user.records, partitionCount);
    misplaced.recordCount += toReroute.length;
    const { state: after, failures } = foldUser(user.userId, before, toFold);
    const unreadable = failures.find(({ code }) => code === 'state-unreadable');
    if (unreadable) throw new FoldError(unreadable.record.partition, unreadable);
    if (after) yield { userId: user.userId, state: after };
  }
  for (; state; state = await next(states)) yield state;
}

async function next<T>(from: AsyncGenerator<T>): Promise<T | undefined> {
  const { done, value } = await from.next();
  return done ? undefined : value;
}

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
