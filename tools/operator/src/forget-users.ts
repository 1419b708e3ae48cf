/**
 * Removes deleted users from the archive and from the checkpoints, and proves it.
 *
 * A user's deletion stays, and what came after it; all records before it go. An anonymous viewer whose history was
 * merged into the user is the same person, and so is one that was merged into that viewer before: it gets a deletion of its
 * own in the log, and its records go as well. So the same rules hold for everyone, and states rebuilt from what is left are
 * tombstones as the streamed ones are.
 *
 * The records of the user alone tell which viewers were merged into it, so theirs go last, and those at the end of a chain
 * first: a run that is killed before has left what the next one finds the viewers by.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { printable } from '@watchnext/command-line';
import { Event, TOPICS } from '@watchnext/contract';
import {
  type CheckpointedState,
  CheckpointCorruptError,
  type EventArchive,
  type RewriteReport,
} from '@watchnext/event-archive';
import { partitionOf } from '@watchnext/event-log';
import { decodeState } from '@watchnext/features';
import { newEventId } from '@watchnext/producer-client';
import { isGone } from './backup/moved-on';
import { type Deletion, findDeletions, forgottenUserOf, type MergedViewer } from './find-deletions';
import { forEachLetter } from './letters';
import type { Drivers } from './program';

export type ForgetParts = Pick<Drivers, 'log' | 'archive' | 'store' | 'checkpoints' | 'partitionCount'>;

export interface ForgetOptions {
  /** Only these users and the viewers merged into them; default: everyone who was deleted. */
  readonly userIds?: readonly string[];
  /** Count, and change nothing. */
  readonly dryRun?: boolean;
  /** For the deletions of merged viewers to reach the archive; default 60 s. */
  readonly patienceMs?: number;
}

export interface ForgottenUser {
  readonly userId: string;
  /** The user whose history this viewer's became. */
  readonly mergedInto?: string;
  /** Records that this run removed; in a dry run: would remove. */
  readonly removedRecordCount: number;
  /** Records before the deletion that a scan of every file found afterwards; not 0 in a dry run. */
  readonly remainingRecordCount: number;
  /** In the feature store; "live": created anew after the deletion, or the deletion is not folded yet. */
  readonly state: 'tombstone' | 'live' | 'absent';
}

export interface ForgetReport {
  readonly dryRun: boolean;
  readonly finishedAt: string;
  readonly users: readonly ForgottenUser[];
  readonly unknownUserIds: readonly string[];
  /** A file with records of users and of viewers merged into users is rewritten once for each kind. */
  readonly archive: RewriteReport;
  readonly rewrittenCheckpointCount: number;
  /** What a scan found afterwards, over all users. */
  readonly remainingRecordCount: number;
  readonly remainingCheckpointedStateCount: number;
  /** What is not this command's to remove, and goes with the retention of its topic. */
  readonly elsewhere: {
    readonly usersWithRecordsInLog: number;
    /** null: the log failed, as `deadLettersUncounted` tells. */
    readonly deadLetterCount: number | null;
    /** In the topic of the dead letters, and none: whose they are cannot be told. null as above. */
    readonly foreignDeadLetterCount: number | null;
    readonly deadLettersUncounted?: string;
  };
}

/**
 * @throws what the log refuses, before anything is changed; when a merged viewer's deletion does not reach the archive in time:
 *   is the archive role running?
 */
export async function forgetUsers(parts: ForgetParts, options: ForgetOptions = {}): Promise<ForgetReport> {
  const { archive, partitionCount } = parts;
  // First, as Kafka may refuse: once files are rewritten no other run can report what this one removed.
  const firstOffsets = await lookIntoLog(parts);
  const { deletions, merged } = await findDeletions(archive, partitionCount, options.userIds);
  const withoutOwn = merged.filter(({ anonymousUserId }) => !deletions.has(anonymousUserId));
  if (options.dryRun)
    for (const { anonymousUserId } of withoutOwn)
      deletions.set(anonymousUserId, deletionToCome(anonymousUserId, partitionCount));
  else await deleteMerged(parts, withoutOwn, deletions, options.patienceMs ?? 60_000);

  const removed = new Map<string, number>();
  let rewrite: RewriteReport = { fileCount: 0, rewrittenFileCount: 0, removedRecordCount: 0 };
  let rewrittenCheckpointCount = 0;
  for (const pass of options.dryRun ? [deletions] : viewersFirst(deletions, merged)) {
    const { fileCount, rewrittenFileCount, removedRecordCount } = await archive.rewrite(TOPICS.activity, (record) => {
      const userId = forgottenUserOf(pass, record);
      if (userId !== undefined) removed.set(userId, (removed.get(userId) ?? 0) + 1);
      return options.dryRun || userId === undefined;
    });
    rewrite = {
      fileCount,
      rewrittenFileCount: rewrite.rewrittenFileCount + rewrittenFileCount,
      removedRecordCount: rewrite.removedRecordCount + removedRecordCount,
    };
    if (!options.dryRun) rewrittenCheckpointCount += await rewriteCheckpoints(parts, pass);
  }

  const remaining = await scan(archive, deletions);
  const users: ForgottenUser[] = [];
  for (const { userId, partition } of deletions.values()) {
    users.push({
      userId,
      ...mergedInto(merged, userId),
      removedRecordCount: removed.get(userId) ?? 0,
      remainingRecordCount: remaining.get(userId) ?? 0,
      state: stateKind((await parts.store.read(partition, userId)).state),
    });
  }
  return {
    dryRun: options.dryRun ?? false,
    finishedAt: new Date().toISOString(),
    users,
    unknownUserIds: (options.userIds ?? []).filter((userId) => !deletions.has(userId)),
    archive: rewrite,
    rewrittenCheckpointCount,
    remainingRecordCount: [...remaining.values()].reduce((sum, count) => sum + count, 0),
    remainingCheckpointedStateCount: await countCheckpointed(parts, deletions),
    elsewhere: await countElsewhere(parts, firstOffsets, deletions),
  };
}

export function describeReport(report: ForgetReport): string {
  const { users, archive, elsewhere } = report;
  const lines = users.map(({ userId, mergedInto: into, removedRecordCount, remainingRecordCount, state }) => {
    const who = into === undefined ? userId : `${userId} (merged into ${into})`;
    const verb = report.dryRun ? 'to remove' : 'removed';
    return `${who}: ${removedRecordCount} records ${verb}, ${remainingRecordCount} found afterwards, state: ${state}`;
  });
  for (const userId of report.unknownUserIds) lines.push(`${userId}: no deletion in the archive, left alone`);
  lines.push(
    `${users.length} users; ${archive.rewrittenFileCount} rewrites of ${archive.fileCount} archive files and ` +
      `${report.rewrittenCheckpointCount} of checkpoints; ${report.remainingRecordCount} records and ` +
      `${report.remainingCheckpointedStateCount} checkpointed states of before a deletion remain`,
    `until their topics' retention ends: records of ${elsewhere.usersWithRecordsInLog} users in the log, ` +
      describeLetters(elsewhere),
  );
  return lines.map(printable).join('\n');
}

function describeLetters(elsewhere: ForgetReport['elsewhere']): string {
  const { deadLetterCount, foreignDeadLetterCount, deadLettersUncounted } = elsewhere;
  if (deadLetterCount === null) return `dead letters, which could not be counted: ${deadLettersUncounted}`;
  const foreign = foreignDeadLetterCount ? `, and ${foreignDeadLetterCount} records among them that are none` : '';
  return `${deadLetterCount} dead letters${foreign}`;
}

/** The passes that remove them, those at the ends of chains first: without viewers there is one, and with chains one for each link. */
function viewersFirst(
  deletions: ReadonlyMap<string, Deletion>,
  merged: readonly MergedViewer[],
): readonly ReadonlyMap<string, Deletion>[] {
  const depths = new Map(merged.map(({ anonymousUserId, depth }) => [anonymousUserId, depth]));
  const found = [...new Set(depths.values())].sort((a, b) => b - a);
  // Each pass has those of the ones before as well, of whom nothing is left: so is the last that of all.
  return [...found, 0].map((least) => new Map([...deletions].filter(([userId]) => (depths.get(userId) ?? 0) >= least)));
}

function deletionToCome(userId: string, partitionCount: number): Deletion {
  return {
    userId,
    partition: partitionOf(userId, partitionCount),
    offset: Number.MAX_SAFE_INTEGER,
    timestampMs: Date.now(),
  };
}

async function deleteMerged(
  { log, archive }: Pick<ForgetParts, 'log' | 'archive'>,
  merged: readonly MergedViewer[],
  deletions: Map<string, Deletion>,
  patienceMs: number,
): Promise<void> {
  for (const { anonymousUserId: userId } of merged) {
    const timestampMs = Date.now();
    const event = Event.fromPartial({
      eventId: newEventId(),
      occurredAtMs: timestampMs,
      receivedAtMs: timestampMs,
      producer: 'watchnext-forget',
      body: { $case: 'userDeleted', value: { userId } },
    });
    const [position] = await log.append(TOPICS.activity, [
      { key: userId, value: Event.encode(event).finish(), timestampMs },
    ]);
    if (position) deletions.set(userId, { userId, timestampMs, ...position });
  }
  const deadline = Date.now() + patienceMs;
  for (const { anonymousUserId } of merged) {
    const deletion = deletions.get(anonymousUserId) as Deletion;
    while (((await archive.nextOffset(TOPICS.activity, deletion.partition)) ?? 0) <= deletion.offset) {
      if (Date.now() > deadline) {
        throw new Error(
          'the deletions of merged viewers do not reach the archive: start ingestion’s archive role, then run this again',
        );
      }
      await sleep(200);
    }
  }
}

/** @returns how many were replaced. A checkpoint's digest is in its name, so an unchanged one is recognised by it. */
async function rewriteCheckpoints(
  { checkpoints }: ForgetParts,
  deletions: ReadonlyMap<string, Deletion>,
): Promise<number> {
  let count = 0;
  for (const old of await checkpoints.list(TOPICS.activity)) {
    const gone = goneFrom(deletions, old);
    if (gone.size === 0) continue;
    try {
      const kept = await checkpoints.write(old, without(checkpoints.read(old), gone));
      if (kept.sha256 === old.sha256) continue;
    } catch (error) {
      // Ingestion let go of it since it was listed.
      if (isGone(error)) continue;
      // A damaged one serves nobody, and what it holds cannot be told.
      if (!(error instanceof CheckpointCorruptError)) throw error;
    }
    await checkpoints.remove(old);
    count++;
  }
  return count;
}

async function countCheckpointed(
  { checkpoints }: ForgetParts,
  deletions: ReadonlyMap<string, Deletion>,
): Promise<number> {
  let count = 0;
  for (const checkpoint of await checkpoints.list(TOPICS.activity)) {
    const gone = goneFrom(deletions, checkpoint);
    if (gone.size === 0) continue;
    try {
      for await (const { userId } of checkpoints.read(checkpoint)) if (gone.has(userId)) count++;
    } catch (error) {
      // As in `rewriteCheckpoints`; a damaged one is still there in a dry run.
      if (!(error instanceof CheckpointCorruptError || isGone(error))) throw error;
    }
  }
  return count;
}

/** Users whose state there is that of before their deletion. */
function goneFrom(
  deletions: ReadonlyMap<string, Deletion>,
  { partition, offset }: { partition: number; offset: number },
) {
  const gone = [...deletions.values()].filter((each) => each.partition === partition && each.offset > offset);
  return new Set(gone.map(({ userId }) => userId));
}

async function* without(states: AsyncIterable<CheckpointedState>, userIds: ReadonlySet<string>) {
  for await (const state of states) if (!userIds.has(state.userId)) yield state;
}

/** Looks into every file there is, those included that readers pass over. */
async function scan(archive: EventArchive, deletions: ReadonlyMap<string, Deletion>): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  await archive.rewrite(TOPICS.activity, (record) => {
    const userId = forgottenUserOf(deletions, record);
    if (userId !== undefined) found.set(userId, (found.get(userId) ?? 0) + 1);
    return true;
  });
  return found;
}

/** @returns of the activity topic, by partition */
async function lookIntoLog({ log, partitionCount }: ForgetParts): Promise<ReadonlyMap<number, number>> {
  const bounds = await log.bounds(TOPICS.activity);
  // For the right to read them; they are read again when it is known whose count, as there may be more than memory holds.
  await forEachLetter(log, partitionCount, {}, () => undefined);
  return new Map(bounds.map(({ partition, firstOffset }) => [partition, firstOffset]));
}

async function countElsewhere(
  { log, partitionCount }: ForgetParts,
  firstOffsets: ReadonlyMap<number, number>,
  deletions: ReadonlyMap<string, Deletion>,
): Promise<ForgetReport['elsewhere']> {
  const inLog = [...deletions.values()].filter(({ partition, offset }) => (firstOffsets.get(partition) ?? 0) < offset);
  const usersWithRecordsInLog = inLog.length;
  let deadLetterCount = 0;
  try {
    const { foreignRecordCount } = await forEachLetter(log, partitionCount, {}, (letter) => {
      const { key, value, topic, partition, offset, deadAtMs } = letter;
      const record = { key: key.toString(), value, topic, partition, offset, timestampMs: deadAtMs };
      if (forgottenUserOf(deletions, record) !== undefined) deadLetterCount += 1;
    });
    return { usersWithRecordsInLog, deadLetterCount, foreignDeadLetterCount: foreignRecordCount };
  } catch (error) {
    // By now the report is the only proof of what was removed, and worth more than this count.
    const deadLettersUncounted = error instanceof Error ? error.message : String(error);
    return { usersWithRecordsInLog, deadLetterCount: null, foreignDeadLetterCount: null, deadLettersUncounted };
  }
}

function mergedInto(merged: readonly MergedViewer[], userId: string): { mergedInto?: string } {
  const found = merged.find(({ anonymousUserId }) => anonymousUserId === userId);
  return found ? { mergedInto: found.userId } : {};
}

function stateKind(state: Uint8Array | undefined): ForgottenUser['state'] {
  if (!state) return 'absent';
  return decodeState(state).deleted ? 'tombstone' : 'live';
}
