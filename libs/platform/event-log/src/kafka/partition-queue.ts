/**
 * What waits to be written to one partition. One send is in flight at a time, which keeps the order of records when a
 * send is repeated: idempotence is off, since kafkajs rolls its sequence back after a failed produce and a later batch
 * of the same size can then be dropped as a duplicate. A repeated send may write a batch twice; event ids remove such
 * duplicates. What comes during a send travels in the next, so that a busy partition gets few large ones.
 */
import { EventLogError, type NewRecord } from '../port';
import { backOffMs } from '../back-off';

/** What one append has for one partition. */
export interface WaitingPart {
  readonly records: readonly NewRecord[];
  readonly bytes: number;
  /** It may lie in the log from here on, until it is put off as refused. */
  onSending(): void;
  onWritten(firstOffset: number): void;
  /** It will be sent again unless it is removed before. @param isRefused the log has not taken it */
  onPutOff(reason: Error, isRefused: boolean): void;
  onFailed(error: Error): void;
}

export type SendOutcome =
  | { readonly firstOffset: number }
  /** permanent: sending the same again would bring the same. */
  | {
      readonly error: Error;
      readonly permanent: boolean;
      /** An answer was heard, and it is that nothing was written; otherwise it may have been. */
      readonly refused?: boolean;
    };

/**
 * Sends records of one partition once.
 * @param failures so many sends of this partition have failed since the last that did not
 */
export type SendToPartition = (
  partition: number,
  records: readonly NewRecord[],
  failures: number,
) => Promise<SendOutcome>;

/** Below the broker's default limit of 1 MiB for one batch, which is all of a send. */
const MAX_SEND_BYTES = 900_000;
const MAX_BACK_OFF_MS = 1_000;

export class PartitionQueue {
  /** Of all that wait, those in flight included. */
  bytes = 0;
  /** In the order of the appends; those in flight come first and stay until they are settled. */
  private readonly waiting = new Set<WaitingPart>();
  private failures = 0;
  /** So many go one by one: together they were too large for the broker. */
  private alone = 0;
  private draining: Promise<void> | undefined;

  constructor(
    private readonly partition: number,
    private readonly send: SendToPartition,
  ) {}

  add(part: WaitingPart): void {
    this.waiting.add(part);
    this.bytes += part.bytes;
    this.draining ??= this.drain();
  }

  /** Nobody waits for it any longer. A send that carries it goes on, and is not repeated for it. */
  remove(part: WaitingPart): void {
    if (this.waiting.delete(part)) this.bytes -= part.bytes;
  }

  /** Resolves once nothing is waiting or in flight. */
  async idle(): Promise<void> {
    while (this.draining) await this.draining;
  }

  private async drain(): Promise<void> {
    while (this.waiting.size > 0) {
      // Appends of the same turn of the event loop travel together.
      await new Promise(setImmediate);
      const batch = this.nextBatch();
      if (batch.length === 0) continue;
      for (const part of batch) part.onSending();
      const outcome = await this.sendBatch(batch);
      if ('firstOffset' in outcome) this.written(batch, outcome.firstOffset);
      else if (outcome.permanent) this.refused(batch, outcome.error);
      else await this.putOff(batch, outcome.error, outcome.refused ?? false);
    }
    this.draining = undefined;
  }

  private async sendBatch(batch: readonly WaitingPart[]): Promise<SendOutcome> {
    const records = batch.flatMap((part) => part.records);
    try {
      return await this.send(this.partition, records, this.failures);
    } catch (error) {
      return { error: error as Error, permanent: true };
    }
  }

  private nextBatch(): WaitingPart[] {
    const limit = this.alone > 0 ? 1 : Infinity;
    if (this.alone > 0) this.alone--;
    const batch: WaitingPart[] = [];
    let bytes = 0;
    for (const part of this.waiting) {
      bytes += part.bytes;
      // One too large for any send goes alone: the broker shall say so.
      if (batch.length === limit || (batch.length > 0 && bytes > MAX_SEND_BYTES)) break;
      batch.push(part);
    }
    return batch;
  }

  private written(batch: readonly WaitingPart[], firstOffset: number): void {
    this.failures = 0;
    let next = firstOffset;
    for (const part of batch) {
      this.remove(part);
      part.onWritten(next);
      next += part.records.length;
    }
  }

  private refused(batch: readonly WaitingPart[], error: Error): void {
    if (batch.length > 1 && error instanceof EventLogError && error.code === 'record-too-large') {
      this.alone = batch.length;
      return;
    }
    for (const part of batch) {
      this.remove(part);
      part.onFailed(error);
    }
  }

  private async putOff(batch: readonly WaitingPart[], reason: Error, isRefused: boolean): Promise<void> {
    this.failures++;
    for (const part of batch) part.onPutOff(reason, isRefused);
    // Of the global timers, as the time-outs of appends: what stands in for one in a spec stands in for the other.
    await new Promise((resolve) => setTimeout(resolve, backOffMs(this.failures, MAX_BACK_OFF_MS)));
  }
}
