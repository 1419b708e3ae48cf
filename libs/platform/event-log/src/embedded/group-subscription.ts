import type { GroupHandler, GroupOptions, Subscription } from '../port';
import { monotonicMs, SESSION_TIMEOUT_MS, type GroupMembership } from './group-membership';
import type { LogStorage } from './log-storage';
import { PartitionWorker } from './partition-worker';
import { pause } from './waiting';

/** How often a member looks at its group; a look that finds nothing to change writes nothing. */
const STEP_INTERVAL_MS = 200;
/** A member this long without a step looks again before it delivers: others may have taken it for dead. */
const LEASE_TRUSTED_MS = SESSION_TIMEOUT_MS / 2;
const DEFAULT_BATCH_RECORDS = 1_000;

/** One member of a group: keeps its place in it, and one worker for each partition that it holds. */
export class GroupSubscription implements Subscription {
  private readonly workers = new Map<number, PartitionWorker>();
  /** Revocations in progress, by partition. */
  private readonly leaving = new Map<number, Promise<void>>();
  private readonly stepping = new AbortController();
  private steps: Promise<void> = Promise.resolve();
  private currentStep: Promise<void> | undefined;
  private lastStepMs = -Infinity;
  private stopped: Promise<void> | undefined;

  constructor(
    private readonly storage: LogStorage,
    private readonly membership: GroupMembership,
    private readonly options: GroupOptions,
    private readonly handler: GroupHandler,
  ) {}

  /** Resolves once the member is in the group. Stopped meanwhile, it takes no partition. */
  async join(): Promise<this> {
    const joined = this.step();
    this.steps = joined.then(
      () => this.keepStepping(),
      () => undefined,
    );
    await joined;
    return this;
  }

  assignedPartitions(): number[] {
    return [...this.workers.keys()].sort((a, b) => a - b);
  }

  heartbeatAgeMs(): number {
    return monotonicMs() - this.lastStepMs;
  }

  stop(): Promise<void> {
    this.stopped ??= this.drainAndLeave();
    return this.stopped;
  }

  private async drainAndLeave(): Promise<void> {
    for (const partition of this.workers.keys()) this.revoke(partition, false);
    // Heartbeats go on until the last batch has ended, so that nobody starts on its partition before.
    await Promise.all(this.leaving.values());
    this.stepping.abort();
    await this.steps;
    await this.membership.leave();
  }

  private async keepStepping(): Promise<void> {
    const { signal } = this.stepping;
    while (!signal.aborted) {
      await pause(STEP_INTERVAL_MS, signal);
      if (signal.aborted) return;
      try {
        await this.step();
      } catch (error) {
        this.handler.onError?.(error as Error, undefined);
      }
    }
  }

  /** One look at the group at a time; who asks in between shares it. */
  private step(): Promise<void> {
    this.currentStep ??= this.lookAtGroup().finally(() => (this.currentStep = undefined));
    return this.currentStep;
  }

  private async lookAtGroup(): Promise<void> {
    const { leased, surplus } = await this.membership.step();
    this.lastStepMs = monotonicMs();
    for (const partition of this.workers.keys()) {
      if (!leased.has(partition)) this.revoke(partition, false);
      else if (surplus.has(partition)) this.revoke(partition, true);
    }
    if (this.stopped) return;
    for (const partition of leased) {
      if (this.workers.has(partition) || this.leaving.has(partition)) continue;
      if (surplus.has(partition)) this.giveBack(partition, Promise.resolve(), true);
      else this.workers.set(partition, this.startWorker(partition));
    }
  }

  private startWorker(partition: number): PartitionWorker {
    return new PartitionWorker(
      this.storage,
      this.options.topic,
      partition,
      this.options.maxBatchRecords ?? DEFAULT_BATCH_RECORDS,
      this.options.lingerMs ?? 0,
      this.handler,
      () => this.confirmLease(),
    );
  }

  private async confirmLease(): Promise<void> {
    if (this.heartbeatAgeMs() > LEASE_TRUSTED_MS) await this.step();
  }

  /** @param release whether the lease is still ours and must be handed on */
  private revoke(partition: number, release: boolean): void {
    const worker = this.workers.get(partition);
    if (!worker) return;
    this.workers.delete(partition);
    this.giveBack(partition, worker.stop(), release);
  }

  private giveBack(partition: number, workerEnd: Promise<void>, release: boolean): void {
    const end = workerEnd
      .then(() => (release ? this.membership.release(partition) : undefined))
      .catch((error: unknown) => this.handler.onError?.(error as Error, partition))
      .finally(() => this.leaving.delete(partition));
    this.leaving.set(partition, end);
  }
}
