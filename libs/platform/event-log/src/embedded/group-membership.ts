/**
 * Membership of one consumer group, kept in the log's own LMDB file.
 *
 *   ["member", topicId, groupId, memberId] → heartbeat: milliseconds of the machine's monotonic clock, which all its
 *                                            processes share and no one can set; it starts anew with the machine
 *   ["lease", topicId, groupId, partition] → memberId of the holder
 *
 * A member's id is random, and ends with the number of its process: for people, nothing is concluded from it.
 *
 * A lease is good as long as its holder's heartbeat is. A live holder is waited for: it gives a partition up when its
 * last batch has ended. A holder whose heartbeat has been silent for the session time-out is taken for dead; should
 * it only have been asleep, it learns at its next step that its leases are gone, and until then the marks that
 * handlers commit with their results keep it from doing harm.
 */
import { randomUUID } from 'node:crypto';
import { assignPartitions } from './assignment';
import type { LogStorage, TopicInfo } from './log-storage';

/** A killed member's partitions are free after this. */
export const SESSION_TIMEOUT_MS = 3_000;
const HEARTBEAT_INTERVAL_MS = 800;

export const newMemberId = () => `${randomUUID()}.${process.pid}`;

/** Those of earlier versions do not tell their process. */
export function nameOfMember(memberId: string): string {
  const [, processId] = memberId.split('.');
  return processId === undefined ? `member ${memberId}` : `process ${processId}`;
}

interface GroupView {
  readonly liveMembers: string[];
  readonly deadMembers: string[];
  readonly leases: Map<number, string>;
  /** Wanted owner by partition. */
  readonly owners: string[];
}

export class GroupMembership {
  private lastHeartbeatMs = -Infinity;

  constructor(
    private readonly storage: LogStorage,
    private readonly topic: TopicInfo,
    private readonly groupId: string,
    private readonly memberId: string,
    private readonly clock: () => number = monotonicMs,
  ) {}

  /**
   * Shows a sign of life where one is due and takes the free partitions that are this member's share.
   *
   * @returns the partitions leased to this member, and which of them it should give up for the balance's sake
   */
  async step(): Promise<{ leased: Set<number>; surplus: Set<number> }> {
    this.storage.refresh();
    const seen = this.view();
    const due = this.clock() - this.lastHeartbeatMs >= HEARTBEAT_INTERVAL_MS;
    const registered = seen.liveMembers.includes(this.memberId);
    if (registered && seen.deadMembers.length === 0 && this.takeable(seen).length === 0) {
      if (!due) return this.mine(seen);
      await this.heartbeat();
      // The disk may have taken longer than a session lasts.
      this.storage.refresh();
      return this.mine(this.view());
    }
    return this.storage.write(() => {
      const now = this.clock();
      void this.storage.meta.put(['member', this.topic.id, this.groupId, this.memberId], now);
      this.lastHeartbeatMs = now;
      const view = this.view();
      for (const dead of view.deadMembers) void this.storage.meta.remove(['member', this.topic.id, this.groupId, dead]);
      for (const partition of this.takeable(view)) {
        void this.storage.meta.put(['lease', this.topic.id, this.groupId, partition], this.memberId);
        view.leases.set(partition, this.memberId);
      }
      return this.mine(view);
    });
  }

  private async heartbeat(): Promise<void> {
    const now = this.clock();
    await this.storage.heartbeat(['member', this.topic.id, this.groupId, this.memberId], now);
    this.lastHeartbeatMs = now;
  }

  /** Gives a partition up; nothing happens if it is another's by now. */
  async release(partition: number): Promise<void> {
    await this.storage.write(() => this.releaseOwn(partition));
  }

  /** Gives everything up at once: the others need not wait for the time-out. */
  async leave(): Promise<void> {
    await this.storage.write(() => {
      for (let partition = 0; partition < this.topic.partitionCount; partition++) this.releaseOwn(partition);
      void this.storage.meta.remove(['member', this.topic.id, this.groupId, this.memberId]);
    });
  }

  /** Ids of those who have shown a sign of life within the session time-out, this member among them if it has. */
  liveMembers(): string[] {
    this.storage.refresh();
    return this.view().liveMembers;
  }

  private releaseOwn(partition: number): void {
    const key = ['lease', this.topic.id, this.groupId, partition];
    if (this.storage.meta.get(key) === this.memberId) void this.storage.meta.remove(key);
  }

  private view(): GroupView {
    const now = this.clock();
    const prefix = ['member', this.topic.id, this.groupId];
    const liveMembers: string[] = [];
    const deadMembers: string[] = [];
    for (const { key, value } of this.storage.meta.getRange({ start: prefix, end: [...prefix, '\uffff'] })) {
      const age = now - (value as number);
      // A heartbeat from the future is from before the machine's last start.
      const alive = age >= -SESSION_TIMEOUT_MS && age <= SESSION_TIMEOUT_MS;
      (alive ? liveMembers : deadMembers).push(key[3] as string);
    }
    const leases = new Map<number, string>();
    for (let partition = 0; partition < this.topic.partitionCount; partition++) {
      const holder = this.storage.meta.get(['lease', this.topic.id, this.groupId, partition]) as string | undefined;
      if (holder !== undefined && liveMembers.includes(holder)) leases.set(partition, holder);
    }
    return {
      liveMembers,
      deadMembers,
      leases,
      owners: assignPartitions(this.topic.partitionCount, liveMembers, leases),
    };
  }

  private takeable(view: GroupView): number[] {
    return view.owners.flatMap((owner, partition) =>
      owner === this.memberId && !view.leases.has(partition) ? [partition] : [],
    );
  }

  private mine(view: GroupView): { leased: Set<number>; surplus: Set<number> } {
    const leased = new Set([...view.leases].filter(([, holder]) => holder === this.memberId).map(([p]) => p));
    const surplus = new Set([...leased].filter((partition) => view.owners[partition] !== this.memberId));
    return { leased, surplus };
  }
}

export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
