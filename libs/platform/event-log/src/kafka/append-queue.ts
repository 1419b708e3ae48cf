/**
 * Collects appends while one send is in flight, so that a busy producer sends few large requests.
 *
 * One send at a time also keeps the order of records when a send is retried: idempotence is off, since kafkajs rolls
 * its sequence back after a failed produce and a later batch of the same size can then be dropped as a duplicate.
 * A retry may append a batch twice; event ids remove such duplicates.
 *
 * An append resolves only if every partition of it was acknowledged, and is rejected when one was not: the records
 * of its other partitions may have been written, those of the failed one may have been too if the answer was lost.
 * Other appends of the same send are not affected. Waiting time and waiting bytes are bounded; one whose caller gave it up
 * while it waited is dropped.
 */
import { LogUnavailableError, type NewRecord, type RecordPosition } from '../port';
import { bytesOf } from '../slices';

/** A record whose partition is known. */
export interface RoutedRecord extends NewRecord {
  readonly partition: number;
}

interface WaitingAppend {
  readonly records: readonly RoutedRecord[];
  readonly bytes: ReadonlyMap<number, number>;
  readonly totalBytes: number;
  readonly deadlineMs: number;
  /** Nothing gives it up any more. */
  readonly release: () => void;
  readonly resolve: (positions: RecordPosition[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends records of one topic.
 * @param deadlineMs nobody waits for them any longer than this
 * @returns of each partition the offset of its first record, or why it could not be written
 */
export type SendRecords = (
  records: readonly RoutedRecord[],
  deadlineMs: number,
) => Promise<ReadonlyMap<number, number | Error>>;

export interface AppendQueueLimits {
  /** An append is rejected after this, sent or not. */
  readonly timeoutMs: number;
  /** Appends beyond this many bytes in waiting are rejected at once. */
  readonly maxWaitingBytes?: number;
}

/** Below the broker's default limit of 1 MiB for one batch, which is all of a partition in one send. */
const MAX_PARTITION_BYTES = 900_000;
const MAX_SEND_BYTES = 4_000_000;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

export class AppendQueue {
  private waiting: WaitingAppend[] = [];
  private waitingBytes = 0;
  private sending: Promise<void> | undefined;

  constructor(
    private readonly send: SendRecords,
    private readonly limits: AppendQueueLimits,
  ) {}

  /** @throws the signal's reason where it is aborted before the send begins, and LogUnavailableError */
  append(records: readonly RoutedRecord[], signal?: AbortSignal): Promise<RecordPosition[]> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    const bytes = new Map<number, number>();
    let totalBytes = 0;
    for (const record of records) {
      const { partition } = record;
      const size = bytesOf(record);
      bytes.set(partition, (bytes.get(partition) ?? 0) + size);
      totalBytes += size;
    }
    const { timeoutMs, maxWaitingBytes = MAX_WAITING_BYTES } = this.limits;
    if (this.waitingBytes > 0 && this.waitingBytes + totalBytes > maxWaitingBytes) {
      return Promise.reject(new LogUnavailableError(`${this.waitingBytes} bytes wait to be written to Kafka already`));
    }
    return new Promise((resolve, reject) => {
      const drop = () => {
        if (this.leave(append)) reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => this.expire(append), timeoutMs);
      signal?.addEventListener('abort', drop, { once: true });
      const append: WaitingAppend = {
        records,
        bytes,
        totalBytes,
        deadlineMs: Date.now() + timeoutMs,
        release: () => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', drop);
        },
        resolve,
        reject,
      };
      this.waiting.push(append);
      this.waitingBytes += totalBytes;
      this.sending ??= this.drain().finally(() => (this.sending = undefined));
    });
  }

  /** Resolves once nothing is waiting or in flight. */
  async idle(): Promise<void> {
    while (this.sending) await this.sending;
  }

  private expire(append: WaitingAppend): void {
    this.leave(append);
    append.reject(new LogUnavailableError(`Kafka did not acknowledge an append within ${this.limits.timeoutMs} ms`));
  }

  /** @returns false where it waits no more: it is on its way, or was given up before */
  private leave(append: WaitingAppend): boolean {
    const at = this.waiting.indexOf(append);
    if (at < 0) return false;
    this.remove(at, 1);
    append.release();
    return true;
  }

  private remove(at: number, count: number): WaitingAppend[] {
    const removed = this.waiting.splice(at, count);
    for (const { totalBytes } of removed) this.waitingBytes -= totalBytes;
    return removed;
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0) {
      // Appends of the same turn of the event loop travel together.
      await new Promise(setImmediate);
      const batch = this.takeBatch();
      if (batch.length === 0) continue;
      const records = batch.flatMap((append) => append.records);
      const deadlineMs = Math.max(...batch.map((append) => append.deadlineMs));
      try {
        settle(batch, await this.send(records, deadlineMs));
      } catch (error) {
        for (const append of batch) append.reject(error);
      }
      for (const { release } of batch) release();
    }
  }

  private takeBatch(): WaitingAppend[] {
    const bytes = new Map<number, number>();
    let total = 0;
    let count = 0;
    for (const append of this.waiting) {
      total += append.totalBytes;
      let fits = total <= MAX_SEND_BYTES;
      for (const [partition, size] of append.bytes) {
        const sum = (bytes.get(partition) ?? 0) + size;
        bytes.set(partition, sum);
        if (sum > MAX_PARTITION_BYTES) fits = false;
      }
      // Too large for any send alone: the broker shall say so.
      if (!fits && count > 0) break;
      count++;
      if (!fits) break;
    }
    return this.remove(0, count);
  }
}

function settle(batch: readonly WaitingAppend[], outcomes: ReadonlyMap<number, number | Error>): void {
  const next = new Map(outcomes);
  for (const append of batch) {
    let failure: unknown;
    const positions = append.records.map(({ partition }): RecordPosition => {
      const offset = next.get(partition);
      if (typeof offset !== 'number') {
        failure ??= offset ?? new LogUnavailableError(`Kafka did not acknowledge partition ${partition}`);
        return { partition, offset: -1 };
      }
      next.set(partition, offset + 1);
      return { partition, offset };
    });
    if (failure === undefined) append.resolve(positions);
    else append.reject(failure);
  }
}
