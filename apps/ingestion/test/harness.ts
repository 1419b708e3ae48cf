import { CATALOG_TOPIC, Event, TOPICS, type UserState } from '@watchnext/contract';
import { openEmbeddedEventLog, partitionOf, type EventLog, type LogRecord } from '@watchnext/event-log';
import { openEmbeddedFeatureStore, type FeatureStore } from '@watchnext/feature-store';
import { applyEvent, decodeState, encodeState, isNewState, newState, userIdOf } from '@watchnext/features';
import { createLogger } from '@watchnext/service';
import { ChildProgram, CollectingTail, eventually, temporaryDirectory } from '@watchnext/testing';
import { join } from 'node:path';

export const PARTITIONS = 4;
export const quiet = createLogger('spec', { level: 'silent', format: 'json' });

/** Log and feature store of one spec, in a folder of their own. */
export interface Stores {
  readonly directory: string;
  readonly log: EventLog;
  readonly store: FeatureStore;
  dispose(): Promise<void>;
}

/** Opens the folder's stores under the names that the apps give them. */
export async function openStores(directory?: string): Promise<Stores> {
  const temporary = directory === undefined ? await temporaryDirectory('ingestion') : undefined;
  const path = directory ?? (temporary?.path as string);
  const log = openEmbeddedEventLog(join(path, 'event-log'));
  const store = openEmbeddedFeatureStore(join(path, 'feature-store'));
  await log.ensureTopics([
    { name: TOPICS.activity, partitionCount: PARTITIONS },
    CATALOG_TOPIC,
    { name: TOPICS.deadLetters, partitionCount: 1 },
  ]);
  return {
    directory: path,
    log,
    store,
    async dispose() {
      await Promise.all([log.close(), store.close()]);
      await temporary?.remove();
    },
  };
}

export async function allRecords(log: EventLog, topic: string): Promise<LogRecord[]> {
  const tail = new CollectingTail();
  await (await log.tail(topic, tail)).stop();
  return tail.records;
}

/** What the states must be: every event folded once, in order, by the reducer alone. Canonical bytes by user, as hex. */
export function foldedOnce(events: readonly Event[]): Map<string, string> {
  const states = new Map<string, UserState>();
  for (const event of events) {
    const userId = userIdOf(event) as string;
    const state = states.get(userId) ?? newState(userId);
    applyEvent(state, event);
    states.set(userId, state);
  }
  const kept = [...states].filter(([, state]) => !isNewState(state));
  return new Map(kept.map(([userId, state]) => [userId, Buffer.from(encodeState(state)).toString('hex')]));
}

/** What the states are. */
export async function storedStates(store: FeatureStore): Promise<Map<string, string>> {
  const states = new Map<string, string>();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const userIds = await store.listUserIds(partition, { limit: 10_000 });
    for (const [userId, bytes] of await store.readMany(partition, userIds))
      states.set(userId, Buffer.from(bytes).toString('hex'));
  }
  return states;
}

export async function stateOf(store: FeatureStore, userId: string): Promise<UserState | undefined> {
  const { state } = await store.read(partitionOf(userId, PARTITIONS), userId);
  return state && decodeState(state);
}

export const sorted = (map: ReadonlyMap<string, string>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

export type Ready = { kind: 'ready' };

/** Starts the real program as a process of its own; resolves with its address. */
export async function startMain(dataDirectory: string): Promise<{ program: ChildProgram<Ready>; url: string }> {
  const program = ChildProgram.start<Ready>(join(__dirname, '..', 'src', 'main.ts'), [], {
    WATCHNEXT_DATA_DIR: dataDirectory,
    WATCHNEXT_HTTP_PORT: '0',
    WATCHNEXT_ACTIVITY_PARTITIONS: String(PARTITIONS),
    WATCHNEXT_ARCHIVE_FLUSH_SECONDS: '0.2',
    WATCHNEXT_LOG_FORMAT: 'json',
    WATCHNEXT_LOG_LEVEL: 'info',
  });
  await program.has('ready');
  const port = await eventually(() => {
    const found = /"port":(\d+)/.exec(program.output);
    if (!found) throw new Error(`no port in the log:\n${program.output}`);
    return found[1];
  });
  return { program, url: `http://127.0.0.1:${port}` };
}
