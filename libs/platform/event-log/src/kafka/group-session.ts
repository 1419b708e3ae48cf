/**
 * The life of one kafkajs consumer in a group, from connecting to its first failure; `kafka-subscription.ts` starts the
 * next one.
 *
 * kafkajs starts each partition at the offset that the group committed, at every (re)join. So a partition is paused when it is
 * assigned, its position is asked from the handler, sought, and only then resumed; a batch that was fetched from any
 * other position is thrown away. Offsets are committed for lag monitors alone, and nobody reads them here.
 *
 * A failing handler never reaches kafkajs, which would restart the whole consumer for it: the one partition is paused,
 * and goes on from a fresh `resumeOffset` after a back-off.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch, Consumer, ConsumerEndBatchProcessEvent, EachBatchPayload } from 'kafkajs';
import {
  LogUnavailableError,
  OffsetBeyondEndError,
  OffsetsDeletedError,
  type GroupHandler,
  type GroupOptions,
  type LogRecord,
  type PartitionBounds,
} from '../port';
import { backOffMs } from '../back-off';
import { connect, newConsumer, within, type OwnedClient } from './kafka-clients';
import { rootCause } from './kafka-errors';
import { callTimeoutMs, type KafkaSettings } from './kafka-settings';
import type { PartitionWork } from './partition-work';
import { recordsOf } from './records-of';

const DEFAULT_MAX_BATCH_RECORDS = 1_000;
const COMMIT_INTERVAL_MS = 1_000;
const WATCH_INTERVAL_MS = 1_000;

export interface GroupContext {
  readonly settings: KafkaSettings;
  /** Topic and group as the brokers know them. */
  readonly brokerTopic: string;
  readonly brokerGroupId: string;
  readonly bounds: (topic: string) => Promise<PartitionBounds[]>;
  /** Shared by the sessions of a subscription, since a batch may outlive its session. */
  readonly work: PartitionWork;
  /** The coordinator answered. */
  readonly onSignOfLife: () => void;
}

/** One assignment of a partition; a new one takes its place at every join. */
interface Held {
  /** Offset that the next batch must start from; undefined while it is being asked. */
  next: number | undefined;
  /** Whether kafkajs has shown that it fetches from `next`, and not still from where it was before it was told. */
  isInStep: boolean;
  /** Settles when the handler has been told of what was read without records; never rejects. */
  empties: Promise<void>;
  failures: number;
  /** Where the hand that failed last would have ended: one that ends before does not tell that what it failed for is over. */
  failedBefore: number;
  readonly abort: AbortController;
}

export class GroupSession {
  /** Resolves when the session has failed and is to be closed. */
  readonly failed: Promise<Error>;
  private fail!: (error: Error) => void;
  private readonly owned: OwnedClient<Consumer>;
  private readonly heartbeatMs: number;
  private readonly silenceLimitMs: number;
  private held = new Map<number, Held>();
  private readonly uncommitted = new Map<number, number>();
  private committing: Promise<void> | undefined;
  private readonly timers: NodeJS.Timeout[] = [];
  private lastSignOfLifeMs = performance.now();
  private closed = false;

  constructor(
    private readonly context: GroupContext,
    private readonly options: GroupOptions,
    private readonly handler: GroupHandler,
  ) {
    const { sessionTimeoutMs, requestTimeoutMs } = context.settings;
    this.failed = new Promise((resolve) => (this.fail = resolve));
    this.heartbeatMs = Math.max(200, Math.floor(sessionTimeoutMs / 5));
    // A join may wait for the batches of all other members, and those have two session time-outs.
    const rebalanceTimeout = sessionTimeoutMs * 2;
    this.silenceLimitMs = rebalanceTimeout + sessionTimeoutMs + requestTimeoutMs;
    this.owned = newConsumer(context.settings, {
      groupId: context.brokerGroupId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout,
      heartbeatInterval: this.heartbeatMs,
      maxWaitTimeInMs: 100,
      maxBytesPerPartition: 1024 * 1024,
      // Few retries, and a new session instead of kafkajs's own restart.
      retry: { retries: 3, restartOnFailure: async () => false },
    });
  }

  /** Connects; joining goes on in the background, since it waits for the other members to finish their batches. */
  async start(): Promise<void> {
    const consumer = this.owned.client;
    const { events } = consumer;
    const alive = () => {
      this.lastSignOfLifeMs = performance.now();
      this.context.onSignOfLife();
    };
    consumer.on(events.HEARTBEAT, alive);
    consumer.on(events.GROUP_JOIN, ({ payload }) => {
      alive();
      this.assign(payload.memberAssignment[this.context.brokerTopic] ?? []);
    });
    consumer.on(events.END_BATCH_PROCESS, ({ payload }) => this.onBatchEnd(payload));
    consumer.on(events.CRASH, ({ payload }) => this.fail(payload.error));
    try {
      await connect(this.owned, this.context.settings);
      const subscribed = consumer.subscribe({ topics: [this.context.brokerTopic], fromBeginning: true });
      await within(callTimeoutMs(this.context.settings), 'subscribe', subscribed);
    } catch (error) {
      await this.owned.close();
      throw error;
    }
    this.lastSignOfLifeMs = performance.now();
    this.timers.push(
      setInterval(() => this.watch(), WATCH_INTERVAL_MS),
      setInterval(() => void this.commit(), COMMIT_INTERVAL_MS),
    );
    consumer
      .run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 8,
        eachBatch: (payload) => this.context.work.track(payload.batch.partition, this.deliver(payload)),
      })
      .catch((error: Error) => this.fail(error));
  }

  assignedPartitions(): number[] {
    return [...this.held.keys()].sort((a, b) => a - b);
  }

  /** @param finishBatches wait for the batches in work before leaving, so that their partitions do not move earlier */
  async close(finishBatches: boolean): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    for (const timer of this.timers) clearInterval(timer);
    const { held } = this;
    this.held = new Map();
    const revoked = [...held].map(([partition, { abort }]) => this.revoke(partition, abort));
    if (finishBatches) {
      await Promise.all(revoked);
      const lastCommits = Promise.resolve(this.committing).then(() => this.commit());
      await within(this.context.settings.requestTimeoutMs, 'commit', lastCommits).catch(() => undefined);
    }
    await this.owned.close();
  }

  /** Without a sign of life for longer than any join can take, kafkajs has got stuck. */
  private watch(): void {
    const silentMs = performance.now() - this.lastSignOfLifeMs;
    if (silentMs > this.silenceLimitMs)
      this.fail(new LogUnavailableError(`Kafka's group coordinator was silent for ${Math.round(silentMs)} ms`));
  }

  /** One at a time: an older one that fails late must not put back what a newer one has committed. */
  private commit(): Promise<void> {
    return (this.committing ??= this.commitNow().finally(() => (this.committing = undefined)));
  }

  private async commitNow(): Promise<void> {
    const positions = [...this.uncommitted];
    this.uncommitted.clear();
    if (positions.length === 0) return;
    const topic = this.context.brokerTopic;
    const offsets = positions.map(([partition, offset]) => ({ topic, partition, offset: String(offset) }));
    try {
      await within(this.context.settings.requestTimeoutMs, 'commit', this.owned.client.commitOffsets(offsets));
    } catch {
      // As in every rebalance. Where no more records come nothing else would be committed, and monitors would see lag for ever.
      for (const [partition, offset] of positions) {
        const isOurs = this.closed || this.held.has(partition);
        if (isOurs && !this.uncommitted.has(partition)) this.uncommitted.set(partition, offset);
      }
    }
  }

  /** Takes over a new assignment. Every join forgets kafkajs's positions, so partitions kept are sought again too. */
  private assign(assigned: readonly number[]): void {
    if (this.closed) return;
    const before = this.held;
    this.held = new Map();
    for (const [partition, { abort }] of before) {
      if (assigned.includes(partition)) continue;
      this.uncommitted.delete(partition);
      void this.revoke(partition, abort);
    }
    for (const partition of assigned) {
      // Aborted where this member was taken for dead: what it holds now, it holds anew.
      const kept = before.get(partition)?.abort;
      const held: Held = {
        next: undefined,
        isInStep: false,
        empties: Promise.resolve(),
        failures: 0,
        failedBefore: 0,
        abort: kept && !kept.signal.aborted ? kept : new AbortController(),
      };
      this.held.set(partition, held);
      this.reposition(partition, held);
    }
  }

  /** Tells the handler once its batch in work has ended; nothing new starts on the partition before it has answered. */
  private revoke(partition: number, abort: AbortController): Promise<void> {
    abort.abort();
    const told = this.context.work.after(partition, () => this.handler.onRevoked?.(partition));
    return told.catch((error: unknown) => this.report(error, partition));
  }

  private reposition(partition: number, held: Held): void {
    held.next = undefined;
    held.isInStep = false;
    try {
      this.owned.client.pause([{ topic: this.context.brokerTopic, partitions: [partition] }]);
    } catch {
      return; // kafkajs has stopped; CRASH follows.
    }
    void this.position(partition, held);
  }

  /** Asks where the partition goes on, seeks there and lets it flow; tries again until it works or the partition is lost. */
  private async position(partition: number, held: Held): Promise<void> {
    const { topic } = this.options;
    while (this.isCurrent(partition, held)) {
      try {
        if (held.failures > 0) await sleep(backOffMs(held.failures - 1), undefined, { signal: held.abort.signal });
        await this.context.work.settled(partition);
        if (!this.isCurrent(partition, held)) return;
        const wanted = await this.handler.resumeOffset(partition);
        const bounds = (await this.context.bounds(topic)).find((bound) => bound.partition === partition);
        if (!bounds) throw new LogUnavailableError(`Kafka does not know ${topic}-${partition} yet`);
        const next = wanted ?? bounds.firstOffset;
        assertHeld(topic, next, bounds);
        if (!this.isCurrent(partition, held)) return;
        held.next = next;
        // Whoever held the partition before may have been unable to.
        this.uncommitted.set(partition, next);
        this.owned.client.seek({ topic: this.context.brokerTopic, partition, offset: String(next) });
        this.owned.client.resume([{ topic: this.context.brokerTopic, partitions: [partition] }]);
        return;
      } catch (error) {
        if (held.abort.signal.aborted) return;
        held.failures++;
        this.report(error, partition);
      }
    }
  }

  private async deliver({ batch, resolveOffset, heartbeat, isRunning, isStale }: EachBatchPayload): Promise<void> {
    const { partition } = batch;
    const { topic, maxBatchRecords = DEFAULT_MAX_BATCH_RECORDS } = this.options;
    const held = this.held.get(partition);
    if (!held || held.next === undefined || isStale()) return;

    let lost: unknown;
    const beat = async () => {
      try {
        await heartbeat();
      } catch (error) {
        lost ??= error;
        // No longer a member: the partitions may be with others already. A mere rebalance leaves them until the next join.
        if (isMembershipLost(error)) this.abortAll();
      }
    };
    const timer = setInterval(beat, this.heartbeatMs);
    const end = Number(batch.lastOffset()) + 1;
    try {
      await held.empties;
      // One of them has failed, and the partition is being positioned anew.
      if (held.next === undefined) return;
      if (Number((batch as Batch & { fetchedOffset: string }).fetchedOffset) !== held.next)
        return this.reposition(partition, held);
      held.isInStep = true;
      let given = 0;
      for (const records of recordsOf(topic, partition, batch.messages, maxBatchRecords)) {
        // A member that slept (a paused process, a blocked loop) must hear that it still is one before it starts anything.
        await beat();
        if (lost || !isRunning() || isStale() || held.abort.signal.aborted || !this.isCurrent(partition, held)) break;
        given += records.length;
        const next = given === batch.messages.length ? end : (records.at(-1) as LogRecord).offset + 1;
        await this.hand(partition, held, records, next, Number(batch.highWatermark));
        resolveOffset(String(next - 1));
      }
    } catch (error) {
      this.handFailed(partition, held, error);
    } finally {
      clearInterval(timer);
    }
    // kafkajs must know, to join again.
    if (lost) throw lost;
  }

  /** Gives the handler what was read up to `nextOffset`. @throws what it throws */
  private async hand(
    partition: number,
    held: Held,
    records: readonly LogRecord[],
    nextOffset: number,
    endOffset: number,
  ): Promise<void> {
    const { topic } = this.options;
    const lag = Math.max(0, endOffset - nextOffset);
    try {
      await this.handler.onBatch({ topic, partition, records, nextOffset, lag, signal: held.abort.signal });
    } catch (error) {
      held.failedBefore = nextOffset;
      throw error;
    }
    if (nextOffset >= held.failedBefore) held.failures = 0;
    held.next = nextOffset;
    if (this.isCurrent(partition, held)) this.uncommitted.set(partition, nextOffset);
  }

  private handFailed(partition: number, held: Held, error: unknown): void {
    if (!this.isCurrent(partition, held) || held.abort.signal.aborted) return;
    held.failures++;
    this.report(error, partition);
    this.reposition(partition, held);
  }

  /**
   * kafkajs moves on by itself over what holds no records for us, and shows no such batch but in its events: those do not tell from
   * where it was fetched. One that begins at or before where the partition goes on is what lies there. One that begins later lies behind
   * a hole that compaction left, or was fetched before kafkajs was told where to go on: it counts once kafkajs is in step, and
   * until then is fetched anew.
   */
  private onBatchEnd(batch: ConsumerEndBatchProcessEvent['payload']): void {
    const { partition } = batch;
    const held = this.held.get(partition);
    if (batch.batchSize > 0 || held?.next === undefined) return;
    const { brokerTopic, work } = this.context;
    const told = held.empties.then(async () => {
      const nextOffset = Number(batch.lastOffset) + 1;
      if (held.next === undefined || nextOffset <= held.next) return;
      if (held.abort.signal.aborted || !this.isCurrent(partition, held)) return;
      const beginsLater = Number(batch.firstOffset ?? batch.lastOffset) > held.next;
      const isKnown = !beginsLater || held.isInStep;
      held.isInStep = true;
      // Where retention has deleted what was next, kafkajs goes on with what is left: to be found out here, not passed over.
      if (beginsLater && isKnown && (await this.isDeleted(partition, held.next)))
        return this.reposition(partition, held);
      if (isKnown) return this.hand(partition, held, [], nextOffset, Number(batch.highWatermark));
      this.owned.client.seek({ topic: brokerTopic, partition, offset: String(held.next) });
    });
    held.empties = work.track(partition, told).catch((error: unknown) => this.handFailed(partition, held, error));
  }

  private async isDeleted(partition: number, offset: number): Promise<boolean> {
    const bounds = await this.context.bounds(this.options.topic);
    return bounds.some((bound) => bound.partition === partition && bound.firstOffset > offset);
  }

  private abortAll(): void {
    for (const { abort } of this.held.values()) abort.abort();
  }

  private isCurrent(partition: number, held: Held): boolean {
    return !this.closed && this.held.get(partition) === held;
  }

  private report(error: unknown, partition: number): void {
    this.handler.onError?.(error as Error, partition);
  }
}

function isMembershipLost(error: unknown): boolean {
  const { type } = rootCause(error);
  return type === 'UNKNOWN_MEMBER_ID' || type === 'ILLEGAL_GENERATION' || type === 'FENCED_INSTANCE_ID';
}

function assertHeld(topic: string, wanted: number, { partition, firstOffset, endOffset }: PartitionBounds): void {
  if (wanted < firstOffset) throw new OffsetsDeletedError(topic, partition, wanted, firstOffset);
  if (wanted > endOffset) throw new OffsetBeyondEndError(topic, partition, wanted, endOffset);
}
