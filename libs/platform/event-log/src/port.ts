/**
 * The port of the event log: topics of partitions of records, in Kafka's sense.
 *
 * A consumer never resumes from an offset that the log keeps: the handler says where, from the mark that it stored
 * beside its results. So what a handler wrote and where it goes on cannot disagree, whatever crashed.
 */
import { PortError } from '@watchnext/errors';

export interface TopicSpec {
  /** Name with its version, as "watchnext.activity.v1". */
  readonly name: string;
  /** Fixed for the life of a topic version. */
  readonly partitionCount: number;
  /** Keep only the newest record of each key (eventually). */
  readonly compacted?: boolean;
}

export interface NewRecord {
  /** Decides the partition: murmur2(key) modulo the partition count. At most 1,024 bytes in UTF-8. */
  readonly key: string;
  readonly value: Uint8Array;
  /** Milliseconds since the epoch, at most `MAX_TIMESTAMP_AHEAD_MS` from now; default: now. */
  readonly timestampMs?: number;
  /** What is said beside the value, such as the trace that the record is part of. At most 16 KiB as JSON. */
  readonly headers?: RecordHeaders | undefined;
}

export type RecordHeaders = Readonly<Record<string, string>>;

/**
 * What readers take a record's time for is no later than its writing, give or take a clock. Brokers of Kafka 4 hold other producers to
 * the same by default. An earlier time says what the producer wants.
 */
export const MAX_TIMESTAMP_AHEAD_MS = 3_600_000;

export interface LogRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: string;
  readonly value: Uint8Array;
  /** Absent where there are none. */
  readonly headers?: RecordHeaders;
}

/** Where a record was put. */
export interface RecordPosition {
  readonly partition: number;
  readonly offset: number;
}

export interface PartitionBounds {
  readonly partition: number;
  /** Offset of the first record still held (equal to endOffset when empty). */
  readonly firstOffset: number;
  /** Offset that the next record will get. */
  readonly endOffset: number;
}

export interface GroupHandler {
  /**
   * The first offset wanted of a partition; undefined: the earliest held. Called on assignment and after each
   * failure, before any batch. An offset beyond the end of the log is reported as an error, and asked for again; so is one
   * that retention has deleted (OffsetsDeletedError).
   */
  resumeOffset(partition: number): Promise<number | undefined>;
  /**
   * Records of one partition in offset order. Compaction leaves gaps, and so do the markers and the aborted records of transactions;
   * where those come last there is no record to deliver, and the batch has none. Batches of a partition never overlap in time. A rejection is reported to `onError`, and the partition goes on from a fresh `resumeOffset` after a back-off.
   */
  onBatch(batch: RecordBatch): Promise<void>;
  /**
   * This member gives the partition up: on a rebalance, on `stop`, or because it was taken for dead. Called after the
   * last batch has ended and, where the member still holds it, before another one starts on it.
   */
  onRevoked?(partition: number): Promise<void>;
  onError?(error: Error, partition: number | undefined): void;
}

export interface RecordBatch {
  readonly topic: string;
  readonly partition: number;
  /** None where the partition was read further without finding any. */
  readonly records: readonly LogRecord[];
  /** Where the partition goes on: beyond the last record, and beyond what holds none after it. Marks end here, or lag never ends. */
  readonly nextOffset: number;
  /** Records of this partition not yet delivered after this batch, as known now. */
  readonly lag: number;
  /** Aborted when the partition is revoked or the subscription stops. */
  readonly signal: AbortSignal;
}

export interface GroupOptions {
  readonly topic: string;
  /** Members of one group share the partitions of the topic. */
  readonly groupId: string;
  /** Upper bound of records in a batch; default 1,000. It has fewer where they weigh more than `MAX_READ_BYTES`. */
  readonly maxBatchRecords?: number;
  /** Records may come so much later where that gives fewer batches, from a handler that nobody waits for; default 0. */
  readonly lingerMs?: number;
  /** The group is this member's alone and of no use without it: nothing of it stays in the log after `stop`. */
  readonly ephemeral?: boolean;
}

export interface Subscription {
  /** Partitions held now. */
  assignedPartitions(): number[];
  /** Milliseconds since the last sign of life from the log; liveness probes look at it. */
  heartbeatAgeMs(): number;
  /** Lets the batch in work finish, then leaves the group. */
  stop(): Promise<void>;
}

export interface TailHandler {
  /**
   * Where a partition is read from; default: its beginning. One that ends before what is wanted of it has lost its end: it is
   * reported, and read from its beginning, as what comes now takes offsets that were others' before.
   */
  firstOffset?(partition: number): number | undefined;
  /** Records of any partition, in offset order within each. A rejection is reported and the batch is given again. */
  onRecords(records: readonly LogRecord[]): Promise<void>;
  /** All that the partition holds before `nextOffset` was handled, what is never delivered included. */
  onPosition?(partition: number, nextOffset: number): void;
  onError?(error: Error): void;
}

export interface EventLog {
  /** Creates the missing topics. @throws TopicMismatchError when one exists with another partition count. */
  ensureTopics(specs: readonly TopicSpec[]): Promise<void>;
  /** @throws UnknownTopicError */
  partitionCount(topic: string): Promise<number>;
  /**
   * Appends in the order given; durable once resolved. All or nothing within a partition.
   * @param signal when it is aborted, records that still wait for their turn are dropped, and never written. Those that are on
   *   their way to the log cannot be called back: the append goes on to its end, and resolves or fails by itself. Those that the
   *   log then refuses are not sent again.
   * @throws UnknownTopicError, LogUnavailableError (retriable), the signal's reason; EventLogError "timestamp-ahead", and nothing was written
   */
  append(topic: string, records: readonly NewRecord[], signal?: AbortSignal): Promise<RecordPosition[]>;
  /** Shares the topic's partitions with the other members of the group, in this and other processes. */
  joinGroup(options: GroupOptions, handler: GroupHandler): Promise<Subscription>;
  /**
   * Who is in a group now, in this and other processes, in words by which people find them: "process 4711", "ingestion at 10.1.2.3".
   * One that was killed is told of until its session has run out.
   * @throws UnknownTopicError
   */
  groupMembers(group: Pick<GroupOptions, 'topic' | 'groupId'>): Promise<string[]>;
  /**
   * Reads every partition, alone, and goes on live. Resolves once all that was there at the call
   * has been handled. Later failures are told to `onError`, and the tail goes on.
   * @throws UnknownTopicError; EventLogError "not-authorised" where the log refuses to be read, "closed" when it closes before
   */
  tail(topic: string, handler: TailHandler): Promise<Subscription>;
  bounds(topic: string): Promise<PartitionBounds[]>;
  close(): Promise<void>;
}

export class EventLogError extends PortError {}

export class UnknownTopicError extends EventLogError {
  constructor(readonly topic: string) {
    super(`topic ${topic} does not exist: create it with ensureTopics first`, 'unknown-topic', false);
  }
}

export class TopicMismatchError extends EventLogError {
  constructor(
    readonly topic: string,
    readonly wantedPartitionCount: number,
    readonly actualPartitionCount: number,
  ) {
    super(
      `topic ${topic} has ${actualPartitionCount} partitions, the configuration wants ${wantedPartitionCount}: ` +
        'the number is fixed for a topic version',
      'topic-mismatch',
      false,
    );
  }
}

/** The log was lost, replaced or cut short: what a consumer made came from records that are not in it. */
export class OffsetBeyondEndError extends EventLogError {
  constructor(topic: string, partition: number, wantedOffset: number, endOffset: number) {
    super(
      `${topic}-${partition} should go on at offset ${wantedOffset}, but the log ends at ${endOffset}: it is not the one that this ` +
        'came from',
      'offset-out-of-range',
      false,
    );
  }
}

/** Retention has deleted what a consumer wants next: waiting brings nothing back, and what helps depends on the consumer. */
export class OffsetsDeletedError extends EventLogError {
  constructor(
    readonly topic: string,
    readonly partition: number,
    /** What the consumer wants next. */
    readonly wantedOffset: number,
    /** The first that the log still holds. */
    readonly firstOffset: number,
  ) {
    super(
      `${topic}-${partition} should go on at offset ${wantedOffset}, but retention has deleted all before ${firstOffset}`,
      'offsets-deleted',
      false,
    );
  }
}

/** @throws EventLogError "timestamp-ahead" */
export function assertNotAhead(records: readonly NewRecord[], nowMs: number): void {
  const latestMs = nowMs + MAX_TIMESTAMP_AHEAD_MS;
  const ahead = records.find(({ timestampMs = nowMs }) => timestampMs > latestMs);
  if (!ahead) return;
  throw new EventLogError(
    `a record's time, ${ahead.timestampMs} ms since 1970, lies more than an hour ahead of this clock, which says ${nowMs}`,
    'timestamp-ahead',
    false,
  );
}

export class LogUnavailableError extends EventLogError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 'log-unavailable', true, options);
  }
}
