/**
 * Shows whether what a service follows in the event log is still told: how long since the log gave a sign of life, and how many
 * records it holds that were not handled yet. Without a group of consumers that ingestion shows, a tail that hangs would be seen by
 * nobody, and a withdrawn video would go on being shown.
 */
import type { EventLog, GroupHandler, Subscription } from '@watchnext/event-log';
import { FollowedOffsets } from './followed-offsets';
import { SERVICE_METRICS } from './metric-names';
import type { MetricsRegistry } from './metrics';

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

  /** The same log, for one topic that is followed over it: by `tail`, or `joinGroup` with a group of its own, once. Its age counts from here. */
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
      groupMembers: (group) => log.groupMembers(group),
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
  private offsets: FollowedOffsets | undefined;
  private lastSignMs: number;

  constructor(
    private readonly log: FollowedLog,
    private readonly clock: () => number,
  ) {
    this.lastSignMs = clock();
  }

  /** A subscription begins. */
  begin(topic: string): void {
    this.stop();
    this.offsets = new FollowedOffsets(this.log, topic, 'all');
  }

  stop(): void {
    this.offsets?.stop();
  }

  signOfLife(): void {
    this.lastSignMs = this.clock();
  }

  handled(partition: number, next: number): void {
    this.offsets?.handled(partition, next);
    this.signOfLife();
  }

  /** Until what was there at the start is read there is no subscription to ask: records are a sign too. */
  signOfLifeAgeMs(): number {
    return Math.min(this.subscription?.heartbeatAgeMs() ?? Infinity, this.clock() - this.lastSignMs);
  }

  lag(): number {
    return this.offsets?.lag().reduce((sum, [, records]) => sum + records, 0) ?? 0;
  }

  /** Of a group that has begun. */
  over(handler: GroupHandler): GroupHandler {
    const followed = this.offsets!.over(handler);
    return {
      ...followed,
      onBatch: async (batch) => {
        this.signOfLife();
        await followed.onBatch(batch);
        this.signOfLife();
      },
    };
  }
}
