/**
 * Lets go of viewers who stay away: says so in the log, and materialisers take their states out of the feature store.
 *
 * Who is idle is read from the store, some users at a time. That may be out of date when it is read, so an expiry carries its condition,
 * and whoever folds it decides by the state of that moment: nothing needs to be locked, and a run that is killed, or runs twice, does
 * no harm. Each batch is waited for before the next one is sent, so that no live event has more than one of them before it, and
 * materialisers of a release that knows no expiries are found out by the first.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Event, TOPICS, type UserState } from '@watchnext/contract';
import type { EventLog } from '@watchnext/event-log';
import { type FeatureStore, foldedTo } from '@watchnext/feature-store';
import { decodeState, lastActiveMs } from '@watchnext/features';
import { userExpiredEvent } from '@watchnext/producer-client';

/** States of one read: of full ones some MB, and Redis serves nobody else meanwhile. */
const PAGE_USERS = 200;
/** Materialisers commit as many users at once. */
const BATCH_USERS = 1_000;
const LOOK_EVERY_MS = 50;

export interface ExpireParts {
  readonly log: EventLog;
  readonly store: FeatureStore;
  readonly partitionCount: number;
}

export interface ExpireOptions {
  /** To whom nothing happened at or after it, Unix milliseconds. */
  readonly idleSinceMs: number;
  /** Users with a profile too, which only another `userUpserted` brings back. */
  readonly withProfiles?: boolean;
  /** Count, and send nothing. */
  readonly dryRun?: boolean;
  /** For a batch to be folded; default 60 s. */
  readonly patienceMs?: number;
  /** Aborted, it ends before the next page, or as it waits for a batch, with the signal's reason. */
  readonly signal?: AbortSignal;
  /** @param total of all viewers, as it was at the beginning */
  readonly onProgress?: (lookedAt: number, total: number) => void;
}

export interface ExpireReport {
  readonly dryRun: boolean;
  readonly idleSince: string;
  /** That were looked at. */
  viewerCount: number;
  /** Of them, those that were idle and are let go; in a dry run: would be. */
  idleCount: number;
  /** Bytes of their states and ids. Redis needs somewhat more for them. */
  idleBytes: number;
  /** Idle ones that stay, as they have a profile. */
  idleWithProfileCount: number;
  /** Of deleted users: these stay. */
  tombstoneCount: number;
  /** States that cannot be read: these stay. */
  unreadableCount: number;
  /** Whose state is no longer in the store. */
  expiredCount: number;
  /** Idle when they were looked at, and there when that was folded. */
  returnedCount: number;
}

/** Nothing more was sent. */
export class NotExpiredError extends Error {}

/** @throws NotExpiredError; the signal's reason; what log and store throw */
export async function expireViewers(parts: ExpireParts, options: ExpireOptions): Promise<ExpireReport> {
  const report: ExpireReport = {
    dryRun: options.dryRun ?? false,
    idleSince: new Date(options.idleSinceMs).toISOString(),
    ...{ viewerCount: 0, idleCount: 0, idleBytes: 0, idleWithProfileCount: 0, tombstoneCount: 0, unreadableCount: 0 },
    ...{ expiredCount: 0, returnedCount: 0 },
  };
  const { userCount } = await parts.store.usage(parts.partitionCount);
  for (let partition = 0; partition < parts.partitionCount; partition++) {
    let batch: string[] = [];
    const send = async () => {
      if (batch.length > 0 && !options.dryRun) await expireBatch(parts, partition, batch, options, report);
      batch = [];
    };
    for await (const userIds of idlePages(parts, partition, options, report)) {
      batch.push(...userIds);
      options.onProgress?.(report.viewerCount, userCount);
      if (batch.length >= BATCH_USERS) await send();
    }
    await send();
  }
  return report;
}

/** Ids of those who are to be let go, page by page of the partition's users; counts the others. */
async function* idlePages(
  { store }: ExpireParts,
  partition: number,
  { idleSinceMs, withProfiles, signal }: ExpireOptions,
  report: ExpireReport,
): AsyncGenerator<string[]> {
  for (let afterUserId: string | undefined; ;) {
    signal?.throwIfAborted();
    const userIds = await store.listUserIds(partition, { afterUserId, limit: PAGE_USERS });
    const idle: string[] = [];
    for (const [userId, bytes] of await store.readMany(partition, userIds)) {
      const state = stateIn(bytes);
      report.viewerCount++;
      if (state === undefined) report.unreadableCount++;
      else if (state.deleted) report.tombstoneCount++;
      else if (lastActiveMs(state) >= idleSinceMs) continue;
      else if (state.profile !== undefined && !withProfiles) report.idleWithProfileCount++;
      else {
        idle.push(userId);
        report.idleCount++;
        report.idleBytes += bytes.length + 2 * Buffer.byteLength(userId);
      }
    }
    yield idle;
    if (userIds.length < PAGE_USERS) return;
    afterUserId = userIds.at(-1);
  }
}

/** @throws NotExpiredError where it is not folded in time, or by somebody who does not know it */
async function expireBatch(
  { log, store }: ExpireParts,
  partition: number,
  userIds: readonly string[],
  { idleSinceMs, patienceMs = 60_000, signal }: ExpireOptions,
  report: ExpireReport,
): Promise<void> {
  const timestampMs = Date.now();
  const records = userIds.map((userId) => ({
    key: userId,
    value: expiryOf(userId, idleSinceMs, timestampMs),
    timestampMs,
  }));
  const positions = await log.append(TOPICS.activity, records);
  const lastOffset = Math.max(...positions.map(({ offset }) => offset));
  const deadlineMs = Date.now() + patienceMs;
  while ((await foldedTo(store, partition)) <= lastOffset) {
    if (Date.now() > deadlineMs) {
      throw new NotExpiredError(
        `the expiries of partition ${partition} are not folded: is ingestion’s materialise role running, and does it keep up? ` +
          'Run this again then',
      );
    }
    // What was sent does no harm.
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
  const there = [...(await store.readMany(partition, userIds)).values()].map(stateIn);
  const areIdle = there.some((state) => state && lastActiveMs(state) < idleSinceMs);
  if (there.length === userIds.length && areIdle) {
    throw new NotExpiredError(
      `of ${there.length} viewers of partition ${partition} whose expiries were folded nobody is gone: the materialiser is of a release ` +
        'that knows no expiries, and has made dead letters of them. Roll the release out first',
    );
  }
  report.expiredCount += userIds.length - there.length;
  report.returnedCount += there.length;
}

function expiryOf(userId: string, idleSinceMs: number, nowMs: number): Uint8Array {
  const event = userExpiredEvent({ userId, idleSinceMs }, { occurredAtMs: nowMs, producer: 'watchnext-expire' });
  // No collector does it.
  return Event.encode({ ...event, receivedAtMs: nowMs }).finish();
}

function stateIn(bytes: Uint8Array): UserState | undefined {
  try {
    return decodeState(bytes);
  } catch {
    return undefined;
  }
}
