import { type GroupHandler, OffsetBeyondEndError } from '../port';
import type { LogStorage } from './log-storage';
import { Backoff, pause } from './waiting';

/** Delivers the records of one partition to a group's handler, from where the handler says, until aborted. */
export class PartitionWorker {
  private readonly controller = new AbortController();
  private readonly running: Promise<void>;
  /** Where the batch that failed last would have ended: one that ends before does not tell that what it failed for is over. */
  private failedBefore = 0;

  /** @param confirmLease resolves once the lease is known to hold; the worker is aborted if it does not */
  constructor(
    private readonly storage: LogStorage,
    private readonly topic: string,
    private readonly partition: number,
    private readonly maxBatchRecords: number,
    /** After a batch that ended with the log. */
    private readonly lingerMs: number,
    private readonly handler: GroupHandler,
    private readonly confirmLease: () => Promise<void>,
  ) {
    this.running = this.run();
  }

  /** Aborts the batch's signal, and resolves when the batch in work has ended and the handler has been told. */
  async stop(): Promise<void> {
    this.controller.abort();
    await this.running;
    try {
      await this.handler.onRevoked?.(this.partition);
    } catch (error) {
      this.report(error);
    }
  }

  private async run(): Promise<void> {
    const { signal } = this.controller;
    const backoff = new Backoff();
    while (!signal.aborted) {
      try {
        await this.deliver(signal, backoff);
      } catch (error) {
        if (!(signal.aborted && error === signal.reason)) this.report(error);
        await backoff.wait(signal);
      }
    }
  }

  private async deliver(signal: AbortSignal, backoff: Backoff): Promise<void> {
    const { id: topicId } = this.storage.topic(this.topic);
    let next = (await this.handler.resumeOffset(this.partition)) ?? 0;
    this.assertWithinLog(next);
    while (!signal.aborted) {
      await this.confirmLease();
      if (signal.aborted) return;
      const { records, endOffset } = this.storage.read(this.topic, this.partition, next, this.maxBatchRecords);
      const last = records.at(-1);
      if (!last) {
        await this.storage.poll.wait([{ topicId, partition: this.partition, fromOffset: next }], signal);
        continue;
      }
      // What compaction took out lay before a newer record of its key, so records are always last.
      const nextOffset = last.offset + 1;
      const { topic, partition } = this;
      try {
        await this.handler.onBatch({ topic, partition, records, nextOffset, lag: endOffset - nextOffset, signal });
      } catch (error) {
        this.failedBefore = nextOffset;
        throw error;
      }
      next = nextOffset;
      if (nextOffset >= this.failedBefore) backoff.reset();
      if (this.lingerMs > 0 && nextOffset === endOffset) await pause(this.lingerMs, signal);
    }
  }

  /** A handler that is ahead of the log would wait in silence: the log was lost or replaced. */
  private assertWithinLog(offset: number): void {
    const { endOffset } = this.storage.read(this.topic, this.partition, offset, 0);
    if (offset > endOffset) throw new OffsetBeyondEndError(this.topic, this.partition, offset, endOffset);
  }

  private report(error: unknown): void {
    this.handler.onError?.(error instanceof Error ? error : new Error(String(error)), this.partition);
  }
}
