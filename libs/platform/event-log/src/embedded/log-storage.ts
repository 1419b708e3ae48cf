/**
 * Topics and records of the embedded event log: one LMDB environment that several processes have open at once.
 *
 * Sub-databases
 *   meta     ["topic", name] → TopicInfo; ["end", topicId, partition] → offset of the next record;
 *            ["member", …] and ["lease", …] of the consumer groups (group-membership.ts)
 *   records  [topicId, partition, offset] → timestamp, key, value in one block
 *   newest   [topicId, partition, key] → offset, for compacted topics: the older record of the key goes when a newer
 *            one is written, in the same transaction
 *
 * Offsets are given out inside LMDB's write transaction, which one process holds at a time, so they have no gaps and
 * readers see records in the order of their offsets.
 */
import { open, type Database, type RootDatabase } from 'lmdb';
import { partitionOf } from '../partition';
import {
  EventLogError,
  LogUnavailableError,
  TopicMismatchError,
  UnknownTopicError,
  type LogRecord,
  type NewRecord,
  type PartitionBounds,
  type RecordPosition,
  type TopicSpec,
} from '../port';
import { decodeEntry, encodeEntry, MAX_RECORD_HEADERS_BYTES } from './entry';

/** Address space only; the file grows with what is in it. */
const MAP_SIZE_BYTES = 256 * 2 ** 30;
/** Keeps one batch of large records from filling the memory. */
const MAX_READ_BYTES = 8 * 2 ** 20;
/** LMDB keys end at 1,978 bytes, and a compacted topic has the record's key in one. */
const MAX_KEY_BYTES = 1_024;

export interface TopicInfo {
  readonly id: number;
  readonly partitionCount: number;
  readonly compacted: boolean;
}

export interface ReadResult {
  readonly records: LogRecord[];
  /** Offset that the next record of the partition will get, at the moment of reading. */
  readonly endOffset: number;
}

export class LogStorage {
  private readonly env: RootDatabase<unknown, (string | number)[]>;
  readonly meta: Database<unknown, (string | number)[]>;
  private readonly records: Database<Buffer, (string | number)[]>;
  private readonly newest: Database<number, (string | number)[]>;
  private readonly topics = new Map<string, TopicInfo>();
  private readonly appendListeners = new Set<() => void>();
  private closed = false;

  constructor(directory: string) {
    this.env = open({ path: directory, noSubdir: false, maxDbs: 8, mapSize: MAP_SIZE_BYTES });
    this.meta = this.env.openDB({ name: 'meta', encoding: 'msgpack' });
    this.records = this.env.openDB({ name: 'records', encoding: 'binary' });
    this.newest = this.env.openDB({ name: 'newest', encoding: 'msgpack' });
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    this.refresh();
    if (specs.every((spec) => this.matches(spec))) return;
    await this.write(() => {
      for (const spec of specs) {
        if (this.matches(spec)) continue;
        const id = ((this.meta.get(['topic-count']) as number | undefined) ?? 0) + 1;
        const info: TopicInfo = { id, partitionCount: spec.partitionCount, compacted: spec.compacted ?? false };
        void this.meta.put(['topic-count'], id);
        void this.meta.put(['topic', spec.name], info);
      }
    });
  }

  private matches(spec: TopicSpec): boolean {
    const found = this.meta.get(['topic', spec.name]) as TopicInfo | undefined;
    if (!found) return false;
    if (found.partitionCount !== spec.partitionCount) {
      throw new TopicMismatchError(spec.name, spec.partitionCount, found.partitionCount);
    }
    return true;
  }

  topic(name: string): TopicInfo {
    const known = this.topics.get(name);
    if (known) return known;
    this.refresh();
    const found = this.meta.get(['topic', name]) as TopicInfo | undefined;
    if (!found) throw new UnknownTopicError(name);
    this.topics.set(name, found);
    return found;
  }

  /** Durable once resolved; the whole call is one transaction. */
  async append(topicName: string, newRecords: readonly NewRecord[]): Promise<RecordPosition[]> {
    const topic = this.topic(topicName);
    if (newRecords.length === 0) return [];
    const now = Date.now();
    const prepared = newRecords.map((record) => {
      if (Buffer.byteLength(record.key) > MAX_KEY_BYTES) {
        throw new EventLogError(`a record key is longer than ${MAX_KEY_BYTES} bytes`, 'key-too-long', false);
      }
      if (record.headers && Buffer.byteLength(JSON.stringify(record.headers)) > MAX_RECORD_HEADERS_BYTES) {
        throw new EventLogError(
          `record headers are longer than ${MAX_RECORD_HEADERS_BYTES} bytes`,
          'headers-too-long',
          false,
        );
      }
      return {
        key: record.key,
        partition: partitionOf(record.key, topic.partitionCount),
        entry: encodeEntry(record, record.timestampMs ?? now),
      };
    });
    const positions = await this.write(() => {
      const ends = new Map<number, number>();
      const written = prepared.map(({ key, partition, entry }) => {
        const offset = ends.get(partition) ?? this.endOffset(topic, partition);
        ends.set(partition, offset + 1);
        void this.records.put([topic.id, partition, offset], entry);
        if (topic.compacted) this.compact(topic, partition, key, offset);
        return { partition, offset };
      });
      for (const [partition, end] of ends) void this.meta.put(['end', topic.id, partition], end);
      return written;
    });
    for (const listener of this.appendListeners) listener();
    return positions;
  }

  private compact(topic: TopicInfo, partition: number, key: string, offset: number): void {
    const older = this.newest.get([topic.id, partition, key]);
    if (older !== undefined) void this.records.remove([topic.id, partition, older]);
    void this.newest.put([topic.id, partition, key], offset);
  }

  /** Records with an offset of at least `fromOffset`, at most `limit` of them and about 8 MiB. */
  read(topicName: string, partition: number, fromOffset: number, limit: number): ReadResult {
    const topic = this.topic(topicName);
    this.refresh();
    const endOffset = this.endOffset(topic, partition);
    const records: LogRecord[] = [];
    if (fromOffset >= endOffset) return { records, endOffset };
    let bytes = 0;
    const range = { start: [topic.id, partition, fromOffset], end: [topic.id, partition, endOffset], limit };
    for (const { key, value } of this.records.getRange(range)) {
      records.push({ topic: topicName, partition, offset: key[2] as number, ...decodeEntry(value) });
      bytes += value.length;
      if (bytes >= MAX_READ_BYTES) break;
    }
    return { records, endOffset };
  }

  bounds(topicName: string): PartitionBounds[] {
    const topic = this.topic(topicName);
    this.refresh();
    return Array.from({ length: topic.partitionCount }, (_, partition) => {
      const endOffset = this.endOffset(topic, partition);
      const range = { start: [topic.id, partition, 0], end: [topic.id, partition, endOffset], limit: 1 };
      const [first] = this.records.getKeys(range);
      return { partition, firstOffset: first ? (first[2] as number) : endOffset, endOffset };
    });
  }

  private endOffset(topic: TopicInfo, partition: number): number {
    return (this.meta.get(['end', topic.id, partition]) as number | undefined) ?? 0;
  }

  /** Lets the following reads see what other processes have written by now. */
  refresh(): void {
    if (this.closed) throw new EventLogError('the event log is closed', 'closed', false);
    this.env.resetReadTxn();
  }

  /** Called after each append of this handle: a reader in the same process need not wait for its next poll. */
  onAppend(listener: () => void): () => void {
    this.appendListeners.add(listener);
    return () => this.appendListeners.delete(listener);
  }

  /**
   * Runs `action` in one write transaction; what it throws undoes all of it and is thrown on.
   *
   * Synchronous, and on the disk when it returns: lmdb-js's asynchronous transactions, run by several processes at
   * once, lost about one in ten thousand that they had acknowledged (docs/decisions/0010).
   */
  async write<T>(action: () => T): Promise<T> {
    if (this.closed) throw new EventLogError('the event log is closed', 'closed', false);
    try {
      return this.env.transactionSync(action);
    } catch (error) {
      if (error instanceof EventLogError) throw error;
      throw new LogUnavailableError('the event log could not be written', { cause: error });
    }
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.env.close();
  }
}
