import type {
  EventLog,
  GroupHandler,
  GroupOptions,
  NewRecord,
  PartitionBounds,
  RecordPosition,
  Subscription,
  TailHandler,
  TopicSpec,
} from '../port';
import { GroupMembership, newMemberId, nameOfMember } from './group-membership';
import { GroupSubscription } from './group-subscription';
import { LogStorage } from './log-storage';
import { TailSubscription } from './tail-subscription';

/**
 * Opens the event log kept in `directory` (created if missing), an LMDB file that any number of local processes share.
 * For one machine: the folder must not lie on a network file system, where neither LMDB's locks nor the shared clock
 * of the group leases hold.
 *
 * @example
 *   const log = openEmbeddedEventLog(embeddedPaths(dataDirectory).eventLog);
 *   await log.ensureTopics([{ name: TOPICS.activity, partitionCount: 4 }]);
 *   await log.append(TOPICS.activity, [{ key: userId, value: Event.encode(event).finish() }]);
 */
export function openEmbeddedEventLog(directory: string): EventLog {
  return new EmbeddedEventLog(new LogStorage(directory));
}

class EmbeddedEventLog implements EventLog {
  private readonly subscriptions = new Set<Subscription>();
  private closing: Promise<void> | undefined;

  constructor(private readonly storage: LogStorage) {}

  ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    return this.storage.ensureTopics(specs);
  }

  async partitionCount(topic: string): Promise<number> {
    return this.storage.topic(topic).partitionCount;
  }

  append(topic: string, records: readonly NewRecord[], signal?: AbortSignal): Promise<RecordPosition[]> {
    return this.storage.append(topic, records, signal);
  }

  async bounds(topic: string): Promise<PartitionBounds[]> {
    return this.storage.bounds(topic);
  }

  async joinGroup(options: GroupOptions, handler: GroupHandler): Promise<Subscription> {
    const topic = this.storage.topic(options.topic);
    const membership = new GroupMembership(this.storage, topic, options.groupId, newMemberId());
    // Known before it has joined, so that `close` finds it.
    const subscription = this.keep(new GroupSubscription(this.storage, membership, options, handler));
    try {
      return await subscription.join();
    } catch (error) {
      this.subscriptions.delete(subscription);
      throw error;
    }
  }

  async groupMembers({ topic, groupId }: Pick<GroupOptions, 'topic' | 'groupId'>): Promise<string[]> {
    const membership = new GroupMembership(this.storage, this.storage.topic(topic), groupId, newMemberId());
    return membership.liveMembers().map(nameOfMember);
  }

  async tail(topic: string, handler: TailHandler): Promise<Subscription> {
    return this.keep(TailSubscription.start(this.storage, topic, handler)).whenCaughtUp();
  }

  close(): Promise<void> {
    this.closing ??= this.stopAll().finally(() => this.storage.close());
    return this.closing;
  }

  private async stopAll(): Promise<void> {
    await Promise.all([...this.subscriptions].map((subscription) => subscription.stop()));
  }

  private keep<S extends Subscription>(subscription: S): S {
    this.subscriptions.add(subscription);
    return subscription;
  }
}
