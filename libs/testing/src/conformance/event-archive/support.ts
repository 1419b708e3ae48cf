/** What the parts of the suite share: the archive under test, and records for it. */
import { Event, TOPICS } from '@watchnext/contract';
import type { ArchiveReadOptions, EventArchive } from '@watchnext/event-archive';
import type { LogRecord } from '@watchnext/event-log';
import { eventOf, searchOf, watchOf } from '../../builders';
import type { ChildProgram } from '../../child-program';
import type { ArchiveProgramMessage } from '../processes/event-archive-program';

/** One archive, empty at first, for one test. */
export interface EventArchiveUnderTest {
  /** A handle of its own, as another process would have it; closed by `dispose` if the test has not. */
  open(): Promise<EventArchive>;
  /** How another process opens the same archive: a module that exports `open(location): Promise<EventArchive>`. */
  readonly module: string;
  readonly location: string;
  /** Names of the stored files, `topic/dt=…/…`, sorted. */
  files(): Promise<string[]>;
  /** Replaces the stored bytes of such a file, behind the driver's back; undefined removes it. */
  damage(file: string, change: (bytes: Buffer) => Buffer | undefined): Promise<void>;
  dispose(): Promise<void>;
}

/** The archive of the test that runs, for the parts of the suite. */
export interface ArchiveSuite {
  readonly under: EventArchiveUnderTest;
  readonly archive: EventArchive;
  /** A test with the suite's limit of time. */
  spec(name: string, body: () => Promise<void>): void;
  /** Default: in the order of offsets. */
  readOffsets(options?: ArchiveReadOptions): Promise<number[]>;
  /** Of the stored files. */
  daysOf(): Promise<(string | undefined)[]>;
  /** A process that writes until it is killed. */
  startWriter(): ChildProgram<ArchiveProgramMessage>;
}

export const NOON_MS = Date.UTC(2026, 10, 23, 12);
export const TOPIC = TOPICS.activity;

/** Records of one partition from an offset on, with values that are events of a few users. */
export function archiveRecords(
  from: number,
  count: number,
  overrides: { partition?: number; atMs?: number; receivedAtMs?: number; topic?: string } = {},
): LogRecord[] {
  const { partition = 0, atMs = NOON_MS, topic = TOPIC } = overrides;
  return Array.from({ length: count }, (_, i) => {
    const offset = from + i;
    const userId = `user-${(offset * 7) % 5}`;
    const body = offset % 3 === 0 ? searchOf(userId, `query ${offset}`) : watchOf(userId, `video-${offset}`);
    const event = eventOf(body, atMs + i, { receivedAtMs: overrides.receivedAtMs ?? atMs + i });
    return { topic, partition, offset, timestampMs: atMs + i, key: userId, value: Event.encode(event).finish() };
  });
}

/** Everything read, in one list. */
export async function readAll(archive: EventArchive, topic: string, options: ArchiveReadOptions): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for await (const batch of archive.read(topic, options)) records.push(...batch);
  return records;
}

/** One line a record: comparing thousands of objects takes Jest seconds. */
export const plain = (records: readonly LogRecord[]) =>
  records.map((record) => JSON.stringify({ ...record, value: Buffer.from(record.value).toString('base64') }));
export const byKey = (records: readonly LogRecord[]) =>
  [...records].sort(
    (a, b) => a.partition - b.partition || (a.key < b.key ? -1 : a.key > b.key ? 1 : a.offset - b.offset),
  );
export const offsetsOf = (records: readonly LogRecord[]) => records.map(({ offset }) => offset);
export const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
