/**
 * A member of a consumer group whose positions come from its handler.
 *
 * kafkajs starts each partition at the offset that the group committed, at every (re)join. So a partition is paused when it is
 * assigned, its position is asked from the handler, sought, and only then resumed; a batch that was fetched from any
 * other position is thrown away. Offsets are committed for lag monitors alone, and nobody reads them here.
 *
 * A failing handler never reaches kafkajs, which would restart the whole consumer for it: the one partition is paused,
 * and goes on from a fresh `resumeOffset` after a back-off.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch, Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { EventLogError, type GroupHandler, type GroupOptions, type LogRecord, type PartitionBounds, type Subscription } from '../port';

const DEFAULT_MAX_BATCH_RECORDS = 1_000;
const FIRST_BACK_OFF_MS = 50;
const MAX_BACK_OFF_MS = 5_000;

interface HeldPartition {
  /** Offset that the next batch must start from; undefined while it is being asked. */
  next: number | undefined;
  failures: number;
  readonly abort: AbortController;
}

export interface KafkaSubscriptionContext {
  readonly kafka: Kafka;
  readonly sessionTimeoutMs: number;
  /** The topic as the brokers know it. */
  readonly brokerTopic: string;
  readonly bounds: (topic: string) => Promise<PartitionBounds[]>;
}

export class KafkaSubscription implements Subscription {
  private readonly partitions = new Map<number, HeldPartition>();
  private consumer: Consumer | undefined;
  private lastSignOfLifeMs = Date.now();
  private readonly inWork = new Set<Promise<void>>();
  private stopped = false;

  constructor(
    private readonly context: KafkaSubscriptionContext,
    private readonly options: GroupOptions,
    private readonly handler: GroupHandler,
  ) {}

  /**
   * Connects; joining the group goes on in the background, since it waits for the other members to finish their
   * batches. Crashes of the consumer, now or later, are mended there too.
   */
  async start(): Promise<void> {
    const { kafka, sessionTimeoutMs } = this.context;
    const consumer = kafka.consumer({
      groupId: this.options.groupId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: sessionTimeoutMs * 2,
      heartbeatInterval: Math.max(200, Math.floor(sessionTimeoutMs / 5)),
      maxWaitTimeInMs: 100,
      maxBytesPerPartition: 1024 * 1024,
      retry: { restartOnFailure: async () => !this.stopped },
    });
    this.consumer = consumer;
    const alive = () => (this.lastSignOfLifeMs = Date.now());
    consumer.on(consumer.events.HEARTBEAT, alive);
    consumer.on(consumer.events.FETCH, alive);
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => this.assign(payload.memberAssignment[this.context.brokerTopic] ?? []));
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      this.handler.onError?.(payload.error, undefined);
      this.assign([]);
      if (!payload.restart && !this.stopped) void this.replace(consumer);
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [this.context.brokerTopic], fromBeginning: true });
    const running = consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 8,
      eachBatch: async (payload) => {
        const work = this.onKafkaBatch(payload);
        this.inWork.add(work);
        try {
          await work;
        } finally {
          this.inWork.delete(work);
        }
      },
    });
    running.catch((error: unknown) => this.handler.onError?.(error as Error, undefined));
  }

  assignedPartitions(): number[] {
    return [...this.partitions.keys()].sort((a, b) => a - b);
  }

  heartbeatAgeMs(): number {
    return Date.now() - this.lastSignOfLifeMs;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const { abort } of this.partitions.values()) abort.abort();
    // kafkajs leaves the group without waiting for batches in work; their partitions must not move before they end.
    await Promise.allSettled(this.inWork);
    await this.consumer?.disconnect();
    this.assign([]);
  }

  /** kafkajs gave up on its consumer: make a new one until it works. */
  private async replace(crashed: Consumer): Promise<void> {
    for (let failures = 0; !this.stopped; failures++) {
      await sleep(backOffMs(failures));
      try {
        await crashed.disconnect();
        if (!this.stopped) await this.start();
        return;
      } catch (error) {
        this.handler.onError?.(error as Error, undefined);
      }
    }
  }

  /** Takes over a new assignment. Every join forgets kafkajs's positions, so partitions kept are sought again too. */
  private assign(assigned: readonly number[]): void {
    for (const [partition, held] of this.partitions) {
      if (assigned.includes(partition)) continue;
      this.partitions.delete(partition);
      held.abort.abort();
      void this.handler.onRevoked?.(partition);
    }
    for (const partition of assigned) {
      const held = this.partitions.get(partition) ?? { next: undefined, failures: 0, abort: new AbortController() };
      held.next = undefined;
      this.partitions.set(partition, held);
      this.consumer?.pause([{ topic: this.context.brokerTopic, partitions: [partition] }]);
      void this.position(partition, held);
    }
  }

  /** Asks where the partition goes on, seeks there and lets it flow; tries again until it works or the partition is lost. */
  private async position(partition: number, held: HeldPartition): Promise<void> {
    const { topic } = this.options;
    while (this.partitions.get(partition) === held && !this.stopped) {
      try {
        if (held.failures > 0) await sleep(backOffMs(held.failures - 1), undefined, { signal: held.abort.signal });
        const wanted = await this.handler.resumeOffset(partition);
        const { firstOffset, endOffset } = (await this.context.bounds(topic))[partition] as PartitionBounds;
        const next = wanted ?? firstOffset;
        if (next < firstOffset || next > endOffset) throw offsetLost(topic, partition, next, firstOffset, endOffset);
        if (this.partitions.get(partition) !== held) return;
        held.next = next;
        this.consumer?.seek({ topic: this.context.brokerTopic, partition, offset: String(next) });
        this.consumer?.resume([{ topic: this.context.brokerTopic, partitions: [partition] }]);
        return;
      } catch (error) {
        if (held.abort.signal.aborted) return;
        held.failures++;
        this.handler.onError?.(error as Error, partition);
      }
    }
  }

  private async onKafkaBatch({ batch, resolveOffset, heartbeat, isRunning, isStale, commitOffsetsIfNecessary }: EachBatchPayload): Promise<void> {
    const { topic, maxBatchRecords = DEFAULT_MAX_BATCH_RECORDS } = this.options;
    const held = this.partitions.get(batch.partition);
    const fetchedOffset = Number((batch as Batch & { fetchedOffset: string }).fetchedOffset);
    if (this.stopped || !held || held.next === undefined || isStale() || fetchedOffset !== held.next) return;

    let heartbeatFailure: unknown;
    const beat = () => heartbeat().catch((error: unknown) => (heartbeatFailure ??= error));
    const timer = setInterval(beat, Math.max(200, Math.floor(this.context.sessionTimeoutMs / 5)));
    try {
      const end = Number(batch.lastOffset()) + 1;
      for (let from = 0; from < batch.messages.length; from += maxBatchRecords) {
        if (!isRunning() || isStale() || held.abort.signal.aborted || heartbeatFailure) return;
        const messages = batch.messages.slice(from, from + maxBatchRecords);
        const records = messages.map((message): LogRecord => ({
          topic,
          partition: batch.partition,
          offset: Number(message.offset),
          timestampMs: Number(message.timestamp),
          key: message.key?.toString('utf8') ?? '',
          value: message.value ?? new Uint8Array(),
        }));
        const last = (records.at(-1) as LogRecord).offset;
        const lag = Math.max(0, Number(batch.highWatermark) - 1 - last);
        await this.handler.onBatch({ topic, partition: batch.partition, records, lag, signal: held.abort.signal });
        held.failures = 0;
        held.next = from + maxBatchRecords >= batch.messages.length ? end : last + 1;
        resolveOffset(String(last));
        await beat();
      }
      await commitOffsetsIfNecessary({ topics: [{ topic: this.context.brokerTopic, partitions: [{ partition: batch.partition, offset: String(end) }] }] }).catch(
        (error: unknown) => (heartbeatFailure ??= error),
      );
    } catch (error) {
      if (held.abort.signal.aborted) return;
      held.next = undefined;
      held.failures++;
      this.handler.onError?.(error as Error, batch.partition);
      this.consumer?.pause([{ topic: this.context.brokerTopic, partitions: [batch.partition] }]);
      void this.position(batch.partition, held);
    } finally {
      clearInterval(timer);
    }
    // The group is rebalancing: kafkajs must know, to join again.
    if (heartbeatFailure) throw heartbeatFailure;
  }
}

function backOffMs(failures: number): number {
  return Math.min(MAX_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** failures);
}

function offsetLost(topic: string, partition: number, wanted: number, firstOffset: number, endOffset: number): EventLogError {
  const lost = wanted < firstOffset ? `offsets ${wanted} to ${firstOffset - 1} were deleted by retention` : `the log ends at ${endOffset}`;
  return new EventLogError(
    `${topic}-${partition} should go on at offset ${wanted}, but ${lost}: rebuild the states from the archive, or raise the topic's retention`,
    'offset-out-of-range',
    false,
  );
}
