/** Topics and offsets, through an admin client that is replaced when its picture of the cluster may be old. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigResourceTypes, type Admin } from 'kafkajs';
import {
  EventLogError,
  MAX_TIMESTAMP_AHEAD_MS,
  TopicMismatchError,
  UnknownTopicError,
  type PartitionBounds,
  type TopicSpec,
} from '../port';
import { backOffMs } from '../back-off';
import { newAdmin, Replaceable, within } from './kafka-clients';
import { isAnswer, isPermanent, rootCause, translate } from './kafka-errors';
import { callTimeoutMs, type KafkaSettings } from './kafka-settings';

/** A topic keeps its records in another way than the configuration wants. */
export class TopicPolicyError extends EventLogError {
  constructor(
    readonly topic: string,
    readonly wantedPolicy: string,
    readonly actualPolicy: string,
  ) {
    super(
      `topic ${topic} has cleanup.policy=${actualPolicy}, and must have cleanup.policy=${wantedPolicy}: ` +
        (wantedPolicy === 'compact'
          ? 'old records of keys would get lost'
          : 'all but the newest record of a key would get lost'),
      'topic-policy',
      false,
    );
  }
}

/** How long one is waited for who goes on without it. */
const CHECK_LIMIT_MS = 5_000;

export class KafkaAdmin {
  private readonly admin: Replaceable<Admin>;
  private closed = false;

  constructor(private readonly settings: KafkaSettings) {
    this.admin = new Replaceable(settings, newAdmin);
  }

  /** Proves that the cluster answers and accepts the credentials. */
  async check(): Promise<void> {
    await this.call(this.connecting, (admin) => admin.describeCluster());
  }

  /** The same without a second try, and soon: for those who go on without the cluster. */
  async checkOnce(): Promise<void> {
    const limitMs = Math.min(CHECK_LIMIT_MS, this.settings.requestTimeoutMs);
    const attempt = this.attempt(this.connecting, (admin) => admin.describeCluster());
    await within(limitMs, this.connecting, attempt);
  }

  private get connecting(): string {
    return `connect to ${this.settings.brokers.join(', ')}`;
  }

  /** Creates what is missing and verifies the rest. A program that may not create topics needs them made before. */
  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    const missing: TopicSpec[] = [];
    for (const spec of specs) {
      const actual = await this.partitionCount(spec.name).catch((error: unknown) => {
        if (!(error instanceof UnknownTopicError)) throw error;
        return undefined;
      });
      if (actual === undefined) missing.push(spec);
      else if (actual !== spec.partitionCount) throw new TopicMismatchError(spec.name, spec.partitionCount, actual);
    }
    if (missing.length > 0) await this.create(missing);
    await this.verifyPolicies(specs);
  }

  /** @throws UnknownTopicError */
  async partitionCount(topic: string): Promise<number> {
    return this.call(
      `read the metadata of ${topic}`,
      async (admin) => {
        const { topics } = await admin.fetchTopicMetadata({ topics: [this.brokerName(topic)] });
        const count = topics[0]?.partitions.length ?? 0;
        if (count === 0) throw new UnknownTopicError(topic);
        return count;
      },
      topic,
    );
  }

  async bounds(topic: string): Promise<PartitionBounds[]> {
    const offsets = await this.call(
      `read the offsets of ${topic}`,
      (admin) => admin.fetchTopicOffsets(this.brokerName(topic)),
      topic,
    );
    return offsets
      .map(({ partition, low, high }) => ({ partition, firstOffset: Number(low), endOffset: Number(high) }))
      .sort((a, b) => a.partition - b.partition);
  }

  /** Of a group that nobody has joined yet there are none. */
  async groupMembers(brokerGroupId: string): Promise<string[]> {
    const { groups } = await this.call(`look at group ${brokerGroupId}`, (admin) =>
      admin.describeGroups([brokerGroupId]),
    );
    // Brokers write a host as "/10.1.2.3".
    return groups.flatMap(({ members }) =>
      members.map(({ clientId, clientHost }) => `${clientId} at ${clientHost.replace(/^\//, '')}`),
    );
  }

  /** Tried once: what is left behind expires by itself. */
  async deleteGroup(brokerGroupId: string): Promise<void> {
    const admin = await this.admin.get();
    await admin.deleteGroups([brokerGroupId]);
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.admin.close();
  }

  private async create(specs: readonly TopicSpec[]): Promise<void> {
    const { replicationFactor } = this.settings;
    // With one replica allowed to be away, acknowledged records survive the loss of a broker.
    const minInSync = { name: 'min.insync.replicas', value: String(Math.max(1, replicationFactor - 1)) };
    // The default of Kafka 4. A segment that ends years ahead is never deleted, nor is anything behind it.
    const notAhead = { name: 'message.timestamp.after.max.ms', value: String(MAX_TIMESTAMP_AHEAD_MS) };
    await this.call(`create ${specs.map(({ name }) => name).join(', ')}`, (admin) =>
      admin.createTopics({
        waitForLeaders: true,
        timeout: this.settings.requestTimeoutMs,
        topics: specs.map(({ name, partitionCount, compacted }) => ({
          topic: this.brokerName(name),
          numPartitions: partitionCount,
          replicationFactor,
          configEntries: [{ name: 'cleanup.policy', value: policyOf(compacted) }, minInSync, notAhead],
        })),
      }),
    );
    for (const { name, partitionCount } of specs) {
      // Another broker may not have heard of the topic yet; or another program made it first, in its own way.
      const actual = await this.retrying(
        (error) => error instanceof UnknownTopicError,
        () => this.partitionCount(name),
      );
      if (actual !== partitionCount) throw new TopicMismatchError(name, partitionCount, actual);
    }
  }

  private async verifyPolicies(specs: readonly TopicSpec[]): Promise<void> {
    const policies = await this.call('read the configuration of topics', async (admin) => {
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: specs.map(({ name }) => ({
          type: ConfigResourceTypes.TOPIC,
          name: this.brokerName(name),
          configNames: ['cleanup.policy'],
        })),
      });
      return new Map(resources.map(({ resourceName, configEntries }) => [resourceName, configEntries[0]?.configValue]));
    }).catch((error: unknown) => {
      // Reading configurations is a right of its own, and the check a courtesy.
      if (rootCause(error).type === 'TOPIC_AUTHORIZATION_FAILED') return undefined;
      throw error;
    });
    for (const { name, compacted } of specs) {
      const actual = policies?.get(this.brokerName(name));
      if (actual !== undefined && actual !== policyOf(compacted))
        throw new TopicPolicyError(name, policyOf(compacted), actual);
    }
  }

  /** Repeats `run` on fresh clients until it works, the cluster answers no, or the call time-out is over. */
  private call<Result>(what: string, run: (admin: Admin) => Promise<Result>, topic?: string): Promise<Result> {
    return this.retrying(
      (error) => !isPermanent(error) && !(error instanceof UnknownTopicError),
      () => this.attempt(what, run, topic),
    );
  }

  private async attempt<Result>(what: string, run: (admin: Admin) => Promise<Result>, topic?: string): Promise<Result> {
    let admin: Admin | undefined;
    try {
      admin = await this.admin.get();
      return await run(admin);
    } catch (error) {
      if (admin && !isAnswer(error)) await this.admin.discard(admin);
      throw translate(what, error, topic);
    }
  }

  private async retrying<Result>(again: (error: unknown) => boolean, run: () => Promise<Result>): Promise<Result> {
    const deadlineMs = performance.now() + callTimeoutMs(this.settings);
    for (let failures = 0; ; failures++) {
      try {
        return await run();
      } catch (error) {
        const waitMs = backOffMs(failures, 1_000);
        if (this.closed || !again(error) || performance.now() + waitMs > deadlineMs) throw error;
        await sleep(waitMs);
      }
    }
  }

  private brokerName(topic: string): string {
    return `${this.settings.namespace}${topic}`;
  }
}

const policyOf = (compacted: boolean | undefined) => (compacted ? 'compact' : 'delete');
