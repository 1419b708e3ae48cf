/**
 * A member of a consumer group that outlives the failures of its connection: kafkajs may crash for good in a rebalance
 * or when a broker goes, so a failed session (`group-session.ts`) is closed and a new one begun, until it is stopped.
 *
 * A member that was lost stays one for the broker until its session runs out, 15 s, and whoever joins its group waits for that. One that
 * is alone in its group (`ephemeral`) needs nothing of it, and joins another.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { GroupHandler, GroupOptions, Subscription } from '../port';
import { GroupSession, type GroupContext } from './group-session';
import { backOffMs } from '../back-off';
import { PartitionWork } from './partition-work';

/**
 * Once the broker is back its news is to be heard within seconds, and the last wait of an outage comes on top of joining: one
 * attempt a second is nothing to a broker.
 */
const MAX_BACK_OFF_MS = 1_000;

/** To be deleted at the end; older ones have run out by themselves, or will. */
const MOST_GROUPS_KNOWN = 16;

export class KafkaSubscription implements Subscription {
  private readonly context: GroupContext;
  private readonly stopping = new AbortController();
  private session: GroupSession | undefined;
  private supervision: Promise<void> | undefined;
  private lastSignOfLifeMs = performance.now();
  private readonly joined: string[] = [];
  private sessionCount = 0;

  constructor(
    context: Omit<GroupContext, 'work' | 'onSignOfLife'>,
    private readonly options: GroupOptions,
    private readonly handler: GroupHandler,
  ) {
    this.context = {
      ...context,
      work: new PartitionWork(),
      onSignOfLife: () => (this.lastSignOfLifeMs = performance.now()),
    };
  }

  /** Groups joined, as the brokers know them, the present one last; of those that were left behind the newest. */
  groupIds(): readonly string[] {
    return this.joined;
  }

  /** Connects, and from then on stays a member. @throws when the first connection fails */
  async start(): Promise<void> {
    this.session = await this.newSession();
    // A stop that came meanwhile found no session to close.
    if (this.stopping.signal.aborted) await this.session.close(true);
    else this.supervision = this.supervise(this.session);
  }

  assignedPartitions(): number[] {
    return this.session?.assignedPartitions() ?? [];
  }

  heartbeatAgeMs(): number {
    return Math.round(performance.now() - this.lastSignOfLifeMs);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.session?.close(true);
    await this.supervision;
    await this.context.work.allSettled();
  }

  private async newSession(): Promise<GroupSession> {
    const { brokerGroupId: ownId } = this.context;
    const isOther = this.options.ephemeral === true && this.sessionCount > 0;
    const brokerGroupId = isOther ? `${ownId}-${this.sessionCount}` : ownId;
    const session = new GroupSession({ ...this.context, brokerGroupId }, this.options, this.handler);
    await session.start();
    this.sessionCount++;
    if (this.joined.at(-1) !== brokerGroupId) this.joined.push(brokerGroupId);
    if (this.joined.length > MOST_GROUPS_KNOWN) this.joined.shift();
    return session;
  }

  private async supervise(first: GroupSession): Promise<void> {
    const stopped = new Promise<undefined>((resolve) =>
      this.stopping.signal.addEventListener('abort', () => resolve(undefined), { once: true }),
    );
    let session: GroupSession | undefined = first;
    for (let failures = 0; !this.stopping.signal.aborted;) {
      if (session) {
        const startedMs = performance.now();
        const error = await Promise.race([session.failed, stopped]);
        if (!error) return;
        this.handler.onError?.(error, undefined);
        await session.close(false);
        failures = performance.now() - startedMs > this.context.settings.sessionTimeoutMs ? 0 : failures + 1;
      }
      await sleep(backOffMs(failures, MAX_BACK_OFF_MS), undefined, { signal: this.stopping.signal }).catch(
        () => undefined,
      );
      if (this.stopping.signal.aborted) return;
      try {
        const opened = this.newSession();
        // Brokers that do not answer are waited for longer than a stop has.
        session = await Promise.race([opened, stopped]);
        if (!session) return void opened.then((late) => late.close(true)).catch(() => undefined);
        this.session = session;
      } catch (error) {
        session = undefined;
        failures++;
        this.handler.onError?.(error as Error, undefined);
      }
    }
  }
}
