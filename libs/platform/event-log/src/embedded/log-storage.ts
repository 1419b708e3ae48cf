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
 * readers see records in the order of their offsets. Records are written by a thread of their own (write-thread.ts).
 */
import { partitionOf } from '../partition';
import {
  assertNotAhead,
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
import { bytesOf, MAX_READ_BYTES } from '../slices';
import { decodeEntry, encodeEntry, MAX_RECORD_HEADERS_BYTES } from './entry';
import { endOffsetOf, type Environment, type LogKey, openEnvironment } from './environment';
import { packRecords } from './packed-records';
import { type Ends, RecordPoll } from './record-poll';
import { WriteThread } from './write-thread';

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

export class LogStorage implements Ends {
  private readonly log: Environment;
  private readonly writer: WriteThread;
  private readonly topics = new Map<string, TopicInfo>();
  /** Tells readers of this handle of new records. */
  readonly poll = new RecordPoll(this);
  private closed = false;

  constructor(directory: string) {
    this.log = openEnvironment(directory);
    this.writer = new WriteThread(directory);
  }

  get meta(): Environment['meta'] {
    return this.log.meta;
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

  /** Durable once resolved; the whole call is one transaction. Dropped where `signal` is aborted before that begins. */
  async append(topicName: string, newRecords: readonly NewRecord[], signal?: AbortSignal): Promise<RecordPosition[]> {
    signal?.throwIfAborted();
    const topic = this.topic(topicName);
    if (newRecords.length === 0) return [];
    const now = Date.now();
    assertNotAhead(newRecords, now);
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
    const packed = packRecords(topic.id, prepared, topic.compacted);
    const offsets = await this.guarded(() => this.writer.append(packed, signal), signal);
    this.poll.look();
    return prepared.map(({ partition }, i) => ({ partition, offset: offsets[i]! }));
  }

  /** Records with an offset of at least `fromOffset`, at most `limit` of them, and `MAX_READ_BYTES` or one. */
  read(topicName: string, partition: number, fromOffset: number, limit: number): ReadResult {
    const topic = this.topic(topicName);
    this.refresh();
    const endOffset = endOffsetOf(this.log, topic.id, partition);
    const records: LogRecord[] = [];
    if (fromOffset >= endOffset) return { records, endOffset };
    let bytes = 0;
    const range = { start: [topic.id, partition, fromOffset], end: [topic.id, partition, endOffset], limit };
    for (const { key, value } of this.log.records.getRange(range)) {
      const record = { topic: topicName, partition, offset: key[2] as number, ...decodeEntry(value) };
      bytes += bytesOf(record);
      if (bytes > MAX_READ_BYTES && records.length > 0) break;
      records.push(record);
    }
    return { records, endOffset };
  }

  bounds(topicName: string): PartitionBounds[] {
    const topic = this.topic(topicName);
    this.refresh();
    return Array.from({ length: topic.partitionCount }, (_, partition) => {
      const endOffset = endOffsetOf(this.log, topic.id, partition);
      const range = { start: [topic.id, partition, 0], end: [topic.id, partition, endOffset], limit: 1 };
      const [first] = this.log.records.getKeys(range);
      return { partition, firstOffset: first ? (first[2] as number) : endOffset, endOffset };
    });
  }

  /** Lets the following reads see what other processes have written by now. */
  refresh(): void {
    if (this.closed) throw new EventLogError('the event log is closed', 'closed', false);
    this.log.root.resetReadTxn();
  }

  endOf(topicId: number, partition: number): number {
    return endOffsetOf(this.log, topicId, partition);
  }

  /** Writes a sign of life. */
  heartbeat(key: LogKey, atMs: number): Promise<void> {
    return this.guarded(() => this.writer.heartbeat(key, atMs));
  }

  /**
   * Runs `action` in one write transaction, on this thread; what it throws undoes all of it and is thrown on. For what is
   * rare: it waits for the disk, and for the lock.
   *
   * Synchronous, and on the disk when it returns: lmdb-js's asynchronous transactions, run by several processes at
   * once, lost about one in ten thousand that they had acknowledged (docs/decisions/0010).
   */
  async write<T>(action: () => T): Promise<T> {
    return this.guarded(() => this.log.root.transactionSync(action));
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.writer.close();
    await this.log.root.close();
  }

  private async guarded<T>(work: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.closed) throw new EventLogError('the event log is closed', 'closed', false);
    try {
      return await work();
    } catch (error) {
      if (error instanceof EventLogError || (signal?.aborted && error === signal.reason)) throw error;
      throw new LogUnavailableError('the event log could not be written', { cause: error });
    }
  }
}
