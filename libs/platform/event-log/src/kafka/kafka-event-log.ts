/**
 * The event log on Apache Kafka through kafkajs. Known faults of kafkajs 2.2.4 and what is done about each:
 * it may roll back its idempotent sequence and lose a batch (idempotence off, one send in flight: `append-queue.ts`);
 * it may stop consuming after a crash in a rebalance (`kafka-subscription.ts` replaces the consumer);
 * it has no manual assignment (a tail is a group of its own, deleted on stop).
 */
import { randomUUID } from 'node:crypto';
import { CompressionTypes, Kafka, logLevel, type Admin, type Producer } from 'kafkajs';
import { partitionOf } from '../partition';
import {
  EventLogError,
  LogUnavailableError,
  TopicMismatchError,
  UnknownTopicError,
  type EventLog,
  type GroupHandler,
  type GroupOptions,
  type NewRecord,
  type PartitionBounds,
  type RecordPosition,
  type Subscription,
  type TailHandler,
  type TopicSpec,
} from '../port';
import { AppendQueue, type RoutedRecord } from './append-queue';
import { registerCodecs } from './codecs';
import type { KafkaSettings } from './kafka-settings';
import { KafkaSubscription } from './kafka-subscription';

const COMPRESSION: Record<KafkaSettings['compression'], CompressionTypes> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};

/** Connects admin and producer. @throws LogUnavailableError */
export async function openKafkaEventLog(settings: KafkaSettings): Promise<EventLog> {
  await registerCodecs();
  const kafka = new Kafka({
    clientId: settings.clientId,
    brokers: [...settings.brokers],
    ssl: settings.tls === undefined || settings.tls === false ? undefined : settings.tls === true ? true : settings.tls,
    sasl: settings.sasl,
    connectionTimeout: Math.min(5_000, settings.requestTimeoutMs),
    requestTimeout: settings.requestTimeoutMs,
    enforceRequestTimeout: true,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 8 },
    logLevel: logLevel.NOTHING,
  });
  const admin = kafka.admin();
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    idempotent: false,
    maxInFlightRequests: 1,
    // The partition was chosen by `partitionOf`, so that every driver and every reader agree on it.
    createPartitioner: () => (args) => args.message.partition ?? 0,
  });
  try {
    await Promise.all([admin.connect(), producer.connect()]);
  } catch (error) {
    await Promise.allSettled([admin.disconnect(), producer.disconnect()]);
    throw unavailable(`cannot connect to Kafka at ${settings.brokers.join(', ')}`, error);
  }
  return new KafkaEventLog(settings, kafka, admin, producer);
}

class KafkaEventLog implements EventLog {
  private readonly partitionCounts = new Map<string, number>();
  private readonly queues = new Map<string, AppendQueue>();
  private readonly subscriptions = new Set<Subscription>();

  private closed = false;

  constructor(
    private readonly settings: KafkaSettings,
    private readonly kafka: Kafka,
    private readonly admin: Admin,
    private readonly producer: Producer,
  ) {}

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    await attempt('create topics', () =>
      this.admin.createTopics({
        waitForLeaders: true,
        topics: specs.map(({ name, partitionCount, compacted }) => ({
          topic: this.brokerName(name),
          numPartitions: partitionCount,
          replicationFactor: this.settings.replicationFactor,
          configEntries: [{ name: 'cleanup.policy', value: compacted ? 'compact' : 'delete' }],
        })),
      }),
    );
    for (const { name, partitionCount } of specs) {
      const actual = await this.partitionCount(name);
      if (actual !== partitionCount) throw new TopicMismatchError(name, partitionCount, actual);
    }
  }

  async partitionCount(topic: string): Promise<number> {
    this.assertOpen();
    const known = this.partitionCounts.get(topic);
    if (known !== undefined) return known;
    try {
      const { topics } = await this.admin.fetchTopicMetadata({ topics: [this.brokerName(topic)] });
      const count = topics[0]?.partitions.length ?? 0;
      if (count === 0) throw new UnknownTopicError(topic);
      this.partitionCounts.set(topic, count);
      return count;
    } catch (error) {
      throw translate(`read the metadata of ${topic}`, error, topic);
    }
  }

  async append(topic: string, records: readonly NewRecord[]): Promise<RecordPosition[]> {
    this.assertOpen();
    if (records.length === 0) return [];
    const count = await this.partitionCount(topic);
    const routed = records.map((record): RoutedRecord => ({ ...record, partition: partitionOf(record.key, count) }));
    try {
      return await this.queueOf(topic).append(routed);
    } catch (error) {
      throw translate(`append to ${topic}`, error, topic);
    }
  }

  async joinGroup(options: GroupOptions, handler: GroupHandler): Promise<Subscription> {
    await this.partitionCount(options.topic);
    const subscription = new KafkaSubscription(
      {
        kafka: this.kafka,
        sessionTimeoutMs: this.settings.sessionTimeoutMs,
        brokerTopic: this.brokerName(options.topic),
        bounds: (topic) => this.bounds(topic),
      },
      { ...options, groupId: `${this.settings.namespace}${options.groupId}` },
      handler,
    );
    await attempt(`join group ${options.groupId}`, () => subscription.start());
    this.subscriptions.add(subscription);
    return subscription;
  }

  async tail(topic: string, handler: TailHandler): Promise<Subscription> {
    const groupId = `tail-${this.settings.clientId}-${randomUUID()}`;
    const next = new Map<number, number>();
    const goals = new Map((await this.bounds(topic)).map(({ partition, endOffset, firstOffset }) => [partition, { endOffset, firstOffset }]));
    for (const [partition, { endOffset, firstOffset }] of goals) if (endOffset === firstOffset) goals.delete(partition);
    let caughtUp!: () => void;
    const reached = new Promise<void>((resolve) => (caughtUp = resolve));
    if (goals.size === 0) caughtUp();
    const group = await this.joinGroup(
      { topic, groupId },
      {
        resumeOffset: async (partition) => next.get(partition),
        onBatch: async ({ partition, records, lag }) => {
          await handler.onRecords(records);
          const position = (records.at(-1)?.offset ?? -1) + 1;
          next.set(partition, position);
          // Compaction may have removed the very last records: no lag means the end as well.
          if (position >= (goals.get(partition)?.endOffset ?? 0) || lag === 0) goals.delete(partition);
          if (goals.size === 0) caughtUp();
        },
        onError: (error) => handler.onError?.(error),
      },
    );
    await reached;
    const stop = async () => {
      await group.stop();
      await this.admin.deleteGroups([`${this.settings.namespace}${groupId}`]).catch((error: unknown) => handler.onError?.(error as Error));
    };
    const subscription: Subscription = {
      assignedPartitions: () => group.assignedPartitions(),
      heartbeatAgeMs: () => group.heartbeatAgeMs(),
      stop,
    };
    this.subscriptions.delete(group);
    this.subscriptions.add(subscription);
    return subscription;
  }

  async bounds(topic: string): Promise<PartitionBounds[]> {
    await this.partitionCount(topic);
    try {
      const offsets = await this.admin.fetchTopicOffsets(this.brokerName(topic));
      return offsets
        .map(({ partition, low, high }) => ({ partition, firstOffset: Number(low), endOffset: Number(high) }))
        .sort((a, b) => a.partition - b.partition);
    } catch (error) {
      throw translate(`read the offsets of ${topic}`, error, topic);
    }
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await Promise.allSettled([...this.queues.values()].map((queue) => queue.idle()));
    await Promise.allSettled([...this.subscriptions].map((subscription) => subscription.stop()));
    await Promise.allSettled([this.producer.disconnect(), this.admin.disconnect()]);
  }

  private brokerName(topic: string): string {
    return `${this.settings.namespace}${topic}`;
  }

  private assertOpen(): void {
    if (this.closed) throw new EventLogError('the event log is closed', 'closed', false);
  }

  private queueOf(topic: string): AppendQueue {
    let queue = this.queues.get(topic);
    if (!queue) {
      queue = new AppendQueue((records) => this.send(topic, records));
      this.queues.set(topic, queue);
    }
    return queue;
  }

  private async send(topic: string, records: readonly RoutedRecord[]): Promise<Map<number, number>> {
    const sent = await this.producer.send({
      topic: this.brokerName(topic),
      acks: -1,
      timeout: this.settings.requestTimeoutMs,
      compression: COMPRESSION[this.settings.compression],
      messages: records.map(({ key, value, partition, timestampMs }) => ({
        key,
        value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
        partition,
        timestamp: String(timestampMs ?? Date.now()),
      })),
    });
    return new Map(sent.map(({ partition, baseOffset }) => [partition, Number(baseOffset)]));
  }
}

async function attempt<Result>(what: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    throw translate(what, error);
  }
}

function translate(what: string, error: unknown, topic?: string): Error {
  if (error instanceof EventLogError) return error;
  const type = (error as { type?: string }).type;
  if (topic !== undefined && type === 'UNKNOWN_TOPIC_OR_PARTITION') return new UnknownTopicError(topic);
  if (type === 'SASL_AUTHENTICATION_FAILED' || type === 'TOPIC_AUTHORIZATION_FAILED' || type === 'GROUP_AUTHORIZATION_FAILED') {
    return new EventLogError(`Kafka refused to ${what}: ${type}`, 'not-authorised', false, { cause: error });
  }
  return unavailable(`Kafka could not ${what}`, error);
}

function unavailable(message: string, cause: unknown): LogUnavailableError {
  return new LogUnavailableError(`${message}: ${(cause as Error).message}`, { cause });
}
