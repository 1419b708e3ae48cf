/**
 * The event log on Apache Kafka through kafkajs. Known faults of kafkajs 2.2.4 and what is done about each:
 * it may roll back its idempotent sequence and lose a batch (idempotence off, one send of a partition in flight: `partition-queue.ts`);
 * its retries may take a partition for sent that was not (retries made here: `partition-queue.ts`, `kafka-appender.ts`);
 * it keeps connections on which nothing answers (`client-sockets.ts`);
 * it may stop consuming after a crash in a rebalance (`kafka-subscription.ts` begins anew);
 * it has no manual assignment (a tail is a group of its own, deleted on stop: `kafka-tail.ts`).
 */
import { randomUUID } from 'node:crypto';
import { partitionOf } from '../partition';
import {
  assertNotAhead,
  EventLogError,
  LogUnavailableError,
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
import type { RoutedRecord } from './append-queue';
import { registerCodecs } from './codecs';
import { KafkaAdmin } from './kafka-admin';
import { KafkaAppender } from './kafka-appender';
import { translate } from './kafka-errors';
import { type KafkaSettings, tailGroupPrefix } from './kafka-settings';
import { KafkaSubscription } from './kafka-subscription';
import { tailTopic } from './kafka-tail';

/**
 * Connects, and proves that the cluster accepts this client.
 * @param onUnavailable where given, a cluster that does not answer at once is no error, and is told here
 * @throws EventLogError "not-authorised"; LogUnavailableError unless there is `onUnavailable`
 */
export async function openKafkaEventLog(
  settings: KafkaSettings,
  onUnavailable?: (error: LogUnavailableError) => void,
): Promise<EventLog> {
  await registerCodecs();
  const admin = new KafkaAdmin(settings);
  try {
    await (onUnavailable ? admin.checkOnce() : admin.check());
  } catch (error) {
    if (!onUnavailable || !(error instanceof LogUnavailableError)) {
      await admin.close();
      throw error;
    }
    onUnavailable(error);
  }
  return new KafkaEventLog(settings, admin);
}

class KafkaEventLog implements EventLog {
  private readonly partitionCounts = new Map<string, number>();
  private readonly appenders = new Map<string, KafkaAppender>();
  private readonly subscriptions = new Set<Subscription>();
  private readonly closing = new AbortController();

  constructor(
    private readonly settings: KafkaSettings,
    private readonly admin: KafkaAdmin,
  ) {}

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    this.assertOpen();
    await this.admin.ensureTopics(specs);
  }

  async partitionCount(topic: string): Promise<number> {
    this.assertOpen();
    // Fixed for a topic version, so asked once.
    const known = this.partitionCounts.get(topic);
    if (known !== undefined) return known;
    const count = await this.admin.partitionCount(topic);
    this.partitionCounts.set(topic, count);
    return count;
  }

  async append(topic: string, records: readonly NewRecord[], signal?: AbortSignal): Promise<RecordPosition[]> {
    this.assertOpen();
    signal?.throwIfAborted();
    if (records.length === 0) return [];
    // Here, as the broker would refuse all that travels with it.
    assertNotAhead(records, Date.now());
    const count = await this.partitionCount(topic);
    const routed = records.map((record): RoutedRecord => ({ ...record, partition: partitionOf(record.key, count) }));
    return this.appenderOf(topic).queue.append(routed, signal);
  }

  async joinGroup(options: GroupOptions, handler: GroupHandler): Promise<Subscription> {
    const group = await this.join(options, handler);
    if (!options.ephemeral) return group;
    let stopped: Promise<void> | undefined;
    const stop = async () => {
      await group.stop();
      await this.deleteGroups(group).catch((error: unknown) => handler.onError?.(error as Error, undefined));
    };
    const own: Subscription = {
      assignedPartitions: () => group.assignedPartitions(),
      heartbeatAgeMs: () => group.heartbeatAgeMs(),
      stop: () => (stopped ??= stop()),
    };
    this.subscriptions.delete(group);
    this.subscriptions.add(own);
    return own;
  }

  async groupMembers({ topic, groupId }: Pick<GroupOptions, 'topic' | 'groupId'>): Promise<string[]> {
    await this.partitionCount(topic);
    return this.admin.groupMembers(`${this.settings.namespace}${groupId}`);
  }

  async tail(topic: string, handler: TailHandler): Promise<Subscription> {
    await this.partitionCount(topic);
    const groupId = `${tailGroupPrefix(this.settings.clientId)}${randomUUID()}`;
    let group: KafkaSubscription | undefined;
    const tail = await tailTopic(
      {
        topic,
        bounds: () => this.bounds(topic),
        join: async (groupHandler) => (group = await this.join({ topic, groupId, ephemeral: true }, groupHandler)),
        deleteGroup: async () => group && this.deleteGroups(group),
      },
      this.closing.signal,
      handler,
    ).finally(() => {
      // A log that closes has this one to stop.
      if (group && !this.closing.signal.aborted) this.subscriptions.delete(group);
    });
    this.subscriptions.add(tail);
    return tail;
  }

  async bounds(topic: string): Promise<PartitionBounds[]> {
    await this.partitionCount(topic);
    return this.admin.bounds(topic);
  }

  async close(): Promise<void> {
    if (this.closing.signal.aborted) return;
    this.closing.abort();
    await Promise.allSettled([...this.appenders.values()].map((appender) => appender.close()));
    await Promise.allSettled([...this.subscriptions].map((subscription) => subscription.stop()));
    await this.admin.close();
  }

  private async join(options: GroupOptions, handler: GroupHandler): Promise<KafkaSubscription> {
    await this.partitionCount(options.topic);
    const { settings } = this;
    const subscription = new KafkaSubscription(
      {
        settings,
        brokerTopic: `${settings.namespace}${options.topic}`,
        brokerGroupId: `${settings.namespace}${options.groupId}`,
        bounds: (topic) => this.admin.bounds(topic),
      },
      options,
      handler,
    );
    // Known before it has started, so that `close` finds it.
    this.subscriptions.add(subscription);
    try {
      await subscription.start();
    } catch (error) {
      this.subscriptions.delete(subscription);
      throw translate(`join group ${options.groupId}`, error, options.topic);
    }
    return subscription;
  }

  /** What an ephemeral subscription joined. */
  private async deleteGroups(subscription: KafkaSubscription): Promise<void> {
    const groupIds = subscription.groupIds();
    for (const lostId of groupIds.slice(0, -1)) {
      // A member may be known there that was lost a moment ago: then it runs out by itself.
      await this.admin.deleteGroup(lostId).catch(() => undefined);
    }
    await this.admin.deleteGroup(groupIds.at(-1)!);
  }

  private assertOpen(): void {
    if (this.closing.signal.aborted) throw new EventLogError('the event log is closed', 'closed', false);
  }

  private appenderOf(topic: string): KafkaAppender {
    let appender = this.appenders.get(topic);
    if (!appender) {
      appender = new KafkaAppender(this.settings, topic);
      this.appenders.set(topic, appender);
    }
    return appender;
  }
}
