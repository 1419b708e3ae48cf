/**
 * Shows whether what a service follows in the event log is still told: how long since the log gave a sign of life, and how many
 * records it holds that were not handled yet. Without a group of consumers that ingestion shows, a tail that hangs would be seen by
 * nobody, and a withdrawn video would go on being shown.
 */
import type { EventLog, GroupHandler, Subscription } from '@watchnext/event-log';
import { SERVICE_METRICS } from './metric-names';
import type { MetricsRegistry } from './metrics';

/** How old the known ends of the log may be: they are asked for beside the follower's work, which may hang. */
const ENDS_MS = 5_000;

type FollowedLog = Pick<EventLog, 'tail' | 'joinGroup' | 'bounds'>;

export class LogFollowers {
  private readonly followers = new Map<string, Follower>();

  /** @param clock milliseconds; only differences count */
  constructor(
    metrics: MetricsRegistry,
    private readonly clock: () => number = () => performance.now(),
  ) {
    const series = (read: (follower: Follower) => number) => () =>
      [...this.followers].map(([follower, state]) => [{ follower }, read(state)] as const);
    metrics.gaugeSeries(
      SERVICE_METRICS.followerAge,
      series((follower) => follower.signOfLifeAgeMs() / 1_000),
    );
    metrics.gaugeSeries(
      SERVICE_METRICS.followerLag,
      series((follower) => follower.lag()),
    );
  }

  /** The same log, for one topic that is followed over it: by `tail` or `joinGroup`, once. Its age counts from here. */
  watch(name: string, log: EventLog): EventLog {
    const follower = new Follower(log, this.clock);
    this.followers.set(name, follower);
    const stopping = (subscription: Subscription): Subscription => {
      follower.subscription = subscription;
      return {
        assignedPartitions: () => subscription.assignedPartitions(),
        heartbeatAgeMs: () => subscription.heartbeatAgeMs(),
        stop: () => {
          follower.stop();
          this.followers.delete(name);
          return subscription.stop();
        },
      };
    };
    return {
      ensureTopics: (specs) => log.ensureTopics(specs),
      partitionCount: (topic) => log.partitionCount(topic),
      append: (topic, records, signal) => log.append(topic, records, signal),
      bounds: (topic) => log.bounds(topic),
      close: () => log.close(),
      tail: async (topic, handler) => {
        follower.begin(topic);
        return stopping(
          await log.tail(topic, {
            onRecords: async (records) => {
              follower.signOfLife();
              await handler.onRecords(records);
            },
            onPosition: (partition, nextOffset) => {
              follower.handled(partition, nextOffset);
              handler.onPosition?.(partition, nextOffset);
            },
            onError: (error) => handler.onError?.(error),
          }),
        );
      },
      joinGroup: async (options, handler) => {
        follower.begin(options.topic);
        return stopping(await log.joinGroup(options, follower.over(handler)));
      },
    };
  }
}

class Follower {
  subscription: Subscription | undefined;
  private topic: string | undefined;
  private lastSignMs: number;
  /** By partition: the offset that comes next. */
  private readonly next = new Map<number, number>();
  private ends: readonly { partition: number; firstOffset: number; endOffset: number }[] = [];
  private reading: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly log: FollowedLog,
    private readonly clock: () => number,
  ) {
    this.lastSignMs = clock();
  }

  /** A subscription begins: from the start of what the log holds, unless a group says otherwise. */
  begin(topic: string): void {
    this.topic = topic;
    this.next.clear();
    clearInterval(this.timer);
    this.timer = setInterval(() => void this.readEnds(), ENDS_MS).unref();
    void this.readEnds();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  signOfLife(): void {
    this.lastSignMs = this.clock();
  }

  handled(partition: number, next: number): void {
    this.next.set(partition, next);
    this.signOfLife();
  }

  /** Until what was there at the start is read there is no subscription to ask: records are a sign too. */
  signOfLifeAgeMs(): number {
    return Math.min(this.subscription?.heartbeatAgeMs() ?? Infinity, this.clock() - this.lastSignMs);
  }

  lag(): number {
    return this.ends.reduce(
      (sum, { partition, firstOffset, endOffset }) =>
        sum + Math.max(0, endOffset - Math.max(firstOffset, this.next.get(partition) ?? 0)),
      0,
    );
  }

  over(handler: GroupHandler): GroupHandler {
    return {
      resumeOffset: async (partition) => {
        const offset = await handler.resumeOffset(partition);
        this.next.set(partition, offset ?? 0);
        return offset;
      },
      onBatch: async (batch) => {
        this.signOfLife();
        await handler.onBatch(batch);
        this.handled(batch.partition, batch.nextOffset);
      },
      onRevoked: async (partition) => handler.onRevoked?.(partition),
      onError: (error, partition) => handler.onError?.(error, partition),
    };
  }

  /** Once at a time: while the log hangs questions must not pile up. */
  private readEnds(): Promise<void> {
    return (this.reading ??= this.readBounds().finally(() => (this.reading = undefined)));
  }

  private async readBounds(): Promise<void> {
    try {
      this.ends = await this.log.bounds(this.topic!);
    } catch {
      // The follower reports a log that is down, and its age tells; the lag stays what was known of it.
    }
  }
}
