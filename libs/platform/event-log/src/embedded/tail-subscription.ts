import { EventLogError, OffsetBeyondEndError, type Subscription, type TailHandler } from '../port';
import { monotonicMs } from './group-membership';
import type { LogStorage } from './log-storage';
import { Backoff } from './waiting';

const BATCH_RECORDS = 1_000;

/** Reads every partition of a topic, one batch at a time. */
export class TailSubscription implements Subscription {
  private readonly controller = new AbortController();
  /** Next offset by partition. */
  private readonly next: number[];
  private readonly running: Promise<void>;
  private lastReadMs = monotonicMs();
  private markCaughtUp!: () => void;
  private markEnded!: (error: Error) => void;
  private readonly caughtUp = new Promise<void>((resolve, reject) => {
    this.markCaughtUp = resolve;
    this.markEnded = reject;
  });

  private constructor(
    private readonly storage: LogStorage,
    private readonly topic: string,
    private readonly handler: TailHandler,
    /** End offset by partition when the tail began. */
    private readonly endAtStart: readonly number[],
  ) {
    this.next = endAtStart.map((_, partition) => handler.firstOffset?.(partition) ?? 0);
    this.caughtUp.catch(() => undefined);
    this.running = this.run();
  }

  static start(storage: LogStorage, topic: string, handler: TailHandler): TailSubscription {
    return new TailSubscription(
      storage,
      topic,
      handler,
      storage.bounds(topic).map((bounds) => bounds.endOffset),
    );
  }

  /** @throws EventLogError "closed" when the tail was stopped before it had read what was there */
  async whenCaughtUp(): Promise<this> {
    await this.caughtUp;
    return this;
  }

  assignedPartitions(): number[] {
    return this.next.map((_, partition) => partition);
  }

  heartbeatAgeMs(): number {
    return monotonicMs() - this.lastReadMs;
  }

  async stop(): Promise<void> {
    this.controller.abort();
    await this.running;
    this.markEnded(new EventLogError(`the tail of ${this.topic} was stopped`, 'closed', false));
  }

  private async run(): Promise<void> {
    const { signal } = this.controller;
    const backoff = new Backoff();
    const { id: topicId } = this.storage.topic(this.topic);
    while (!signal.aborted) {
      try {
        const handled = await this.handleOnce(signal);
        backoff.reset();
        if (this.next.every((offset, partition) => offset >= (this.endAtStart[partition] ?? 0))) this.markCaughtUp();
        if (handled) continue;
        const places = this.next.map((fromOffset, partition) => ({ topicId, partition, fromOffset }));
        await this.storage.poll.wait(places, signal);
      } catch (error) {
        this.handler.onError?.(error instanceof Error ? error : new Error(String(error)));
        await backoff.wait(signal);
      }
    }
  }

  private async handleOnce(signal: AbortSignal): Promise<boolean> {
    let handled = false;
    for (let partition = 0; partition < this.next.length && !signal.aborted; partition++) {
      const next = this.next[partition] as number;
      const { records, endOffset } = this.storage.read(this.topic, partition, next, BATCH_RECORDS);
      this.lastReadMs = monotonicMs();
      if (next > endOffset) {
        this.next[partition] = 0;
        throw new OffsetBeyondEndError(this.topic, partition, next, endOffset);
      }
      const last = records.at(-1);
      if (!last) continue;
      await this.handler.onRecords(records);
      this.next[partition] = last.offset + 1;
      this.handler.onPosition?.(partition, last.offset + 1);
      handled = true;
    }
    return handled;
  }
}
