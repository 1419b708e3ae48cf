/** Logs with all that may lie in one, the archive that ingestion makes of them, and what states and served lists come out of them. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { loadDriverSettings } from '@watchnext/config';
import { Event, TOPICS, topicSpecs } from '@watchnext/contract';
import { type EventArchive, openParquetArchive } from '@watchnext/event-archive';
import { type EventLog, openEventLog, partitionOf } from '@watchnext/event-log';
import { type FeatureStore, openEmbeddedFeatureStore } from '@watchnext/feature-store';
import { applyEvent, HOUR_MS, newState, userIdOf } from '@watchnext/features';
import {
  eventOf,
  impressionItemOf,
  impressionsServedOf,
  searchOf,
  userDeletedOf,
  videoUpsertedOf,
  watchOf,
} from '@watchnext/testing';
import { foldToEnd } from '../../src/rebuild/fold-to-end';
import { type RestoreOptions, type RestoreReport, restoreTopic } from '../../src/restore-log/restore-topic';
import { allRecords, quiet } from '../harness';

export const AT_MS = Date.UTC(2026, 9, 1);
const USERS = Array.from({ length: 25 }, (_, i) => (i % 6 === 0 ? `zoë-${i}-😀` : `user-${i}`));

/** A log, as an embedded one in a folder or on a server. */
export type OpenLog = (folder: string) => Promise<EventLog>;

export const embeddedLog: OpenLog = (folder) =>
  openEventLog(loadDriverSettings({}), join(folder, 'event-log'), 'ingestion');

export const kafkaLog =
  (brokers: string): OpenLog =>
  () =>
    openEventLog(
      loadDriverSettings({
        WATCHNEXT_EVENT_LOG: 'kafka',
        WATCHNEXT_KAFKA_BROKERS: brokers,
        WATCHNEXT_KAFKA_NAMESPACE: `restore-${randomUUID()}.`,
      }),
      '',
      'ingestion',
    );

export interface World {
  readonly log: EventLog;
  readonly store: FeatureStore;
  readonly archive: EventArchive;
  readonly partitionCount: number;
  close(): Promise<void>;
}

export async function openWorld(folder: string, openLog: OpenLog, partitionCount: number): Promise<World> {
  const log = await openLog(folder);
  await log.ensureTopics(Object.values(topicSpecs(partitionCount)));
  const store = openEmbeddedFeatureStore(join(folder, 'feature-store'));
  const archive = openParquetArchive(join(folder, 'archive'));
  const close = async () => void (await Promise.all([log.close(), store.close(), archive.close()]));
  return { log, store, archive, partitionCount, close };
}

const partitionsOf = ({ partitionCount }: World) => [...Array(partitionCount).keys()];

/** A month of events: late ones, retries, backfills, merges, deletions and returns, and lists that were ranked with states of long ago. */
export function someEvents(count: number): Event[] {
  const events: Event[] = [];
  for (let i = 0; i < count; i++) {
    const userId = USERS[(i * 7) % USERS.length];
    // Ten minutes each, and now and then two days.
    const atMs = AT_MS + i * HOUR_MS * 0.2 + Math.floor(i / 400) * 48 * HOUR_MS;
    if (i % 89 === 40) events.push(events[i - 25] as Event);
    else if (i % 83 === 10) events.push(eventOf(userDeletedOf(userId), atMs));
    else if (i % 61 === 20) events.push(mergedOf(userId, atMs));
    else if (i % 47 === 5) events.push(eventOf({ $case: 'userUpserted', value: { userId, profile: undefined } }, atMs));
    else if (i % 7 === 3)
      events.push(eventOf(watchOf(userId, `video-${i % 9}`), atMs - 90 * HOUR_MS, { backfill: true }));
    else if (i % 4 === 0) events.push(eventOf(impressionsServedOf(userId, [impressionItemOf(`video-${i % 9}`)]), atMs));
    else if (i % 4 === 1) events.push(eventOf(searchOf(userId, `query number ${i % 5}`), atMs));
    else events.push(eventOf(watchOf(userId, `video-${i % 9}`, { playbackId: `p${i}`, positionSeconds: i }), atMs));
  }
  return events;
}

function mergedOf(userId: string, atMs: number): Event {
  const anonymousUserId = `anonymous-of-${userId}`;
  const history = newState(anonymousUserId);
  applyEvent(history, eventOf(watchOf(anonymousUserId, 'video-3'), atMs - HOUR_MS));
  return eventOf({ $case: 'userMerged', value: { userId, anonymousUserId, history } }, atMs);
}

/** Writes events as collectors and gateways do: a list has the mark of a state that its user had before. */
export async function writeEvents({ log, partitionCount }: World, events: readonly Event[]): Promise<void> {
  const ends = (await log.bounds(TOPICS.activity)).map(({ endOffset }) => endOffset);
  const records = events.map((event, i) => {
    const key = userIdOf(event) as string;
    const partition = partitionOf(key, partitionCount);
    const { body } = event;
    if (body?.$case === 'impressionsServed')
      body.value.mark = { topic: TOPICS.activity, partition, offset: (ends[partition] as number) - 1 - ((i * 3) % 20) };
    if (body?.$case === 'impressionsServed' && (body.value.mark?.offset ?? 0) < 0) body.value.mark = undefined;
    ends[partition]++;
    return { key, value: Event.encode(event).finish(), timestampMs: event.receivedAtMs };
  });
  for (let from = 0; from < records.length; from += 500)
    await log.append(TOPICS.activity, records.slice(from, from + 500));
}

export const writeCatalogue = ({ log }: World, count: number) =>
  log.append(
    TOPICS.catalog,
    Array.from({ length: count }, (_, i) => ({
      key: `video-${i % 9}`,
      value: Event.encode(eventOf(videoUpsertedOf(`video-${i % 9}`, { title: `Title ${i}` }), AT_MS + i)).finish(),
    })),
  );

/** Folds what the log has; twice, as records that are sent on come after the end that was known. */
export async function fold(world: World): Promise<void> {
  for (let i = 0; i < 2; i++) await foldToEnd(world.log, world.store, quiet, partitionsOf(world), world.partitionCount);
}

/** Archives what the log has, in several files of each partition. */
export async function archiveAll({ log, archive }: World): Promise<void> {
  for (const topic of [TOPICS.activity, TOPICS.catalog]) {
    const byPartition = new Map<number, Awaited<ReturnType<typeof allRecords>>>();
    for (const record of await allRecords(log, topic))
      byPartition.set(record.partition, [...(byPartition.get(record.partition) ?? []), record]);
    for (const [partition, records] of byPartition)
      for (let from = 0; from < records.length; from += 70)
        await archive.write(topic, partition, records.slice(from, from + 70));
  }
}

export function restore(
  from: World,
  to: World,
  options: Partial<RestoreOptions> = {},
  topic: string = TOPICS.activity,
): Promise<RestoreReport> {
  return restoreTopic(
    {
      archive: from.archive,
      topic,
      newTopic: TOPICS.activity,
      partitionCount: from.partitionCount,
    },
    {
      log: to.log,
      newPartitionCount: to.partitionCount,
      dryRun: false,
      signal: new AbortController().signal,
      check: ({ foreign }) => {
        if (foreign) throw new Error(`foreign record at ${foreign.offset}`);
      },
      onProgress: () => undefined,
      onLook: () => undefined,
      ...options,
    },
  );
}

/** Hexadecimal bytes by user. */
export async function statesOf({ store, partitionCount }: World): Promise<Record<string, string>> {
  const states: Record<string, string> = {};
  for (let partition = 0; partition < partitionCount; partition++) {
    const userIds = await store.listUserIds(partition, { limit: 10_000 });
    for (const [userId, bytes] of await store.readMany(partition, userIds))
      states[userId] = Buffer.from(bytes).toString('hex');
  }
  return states;
}

/** By the id of each served list with a mark, the id of the last of the user's events that the mark's state has. */
export async function seenByLists({ log, partitionCount }: World): Promise<Record<string, string>> {
  const lists: Record<string, string> = {};
  const byUser = new Map<string, { offset: number; eventId: string }[]>();
  for (const { key, partition, offset, value } of await allRecords(log, TOPICS.activity)) {
    if (partitionOf(key, partitionCount) !== partition) continue;
    let event: Event;
    try {
      event = Event.decode(value);
    } catch {
      continue;
    }
    if (userIdOf(event) !== key) continue;
    const own = byUser.get(key) ?? [];
    const mark = event.body?.$case === 'impressionsServed' ? event.body.value.mark : undefined;
    if (mark && mark.topic === TOPICS.activity && mark.partition === partition)
      lists[event.eventId] ??= own.findLast((each) => each.offset <= mark.offset)?.eventId ?? 'none';
    own.push({ offset, eventId: event.eventId });
    byUser.set(key, own);
  }
  return lists;
}
