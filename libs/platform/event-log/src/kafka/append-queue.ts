/**
 * Collects appends while one send is in flight, so that a busy producer sends few large requests.
 *
 * One send at a time also keeps the order of records when a send is retried: idempotence is off, since kafkajs rolls
 * its sequence back after a failed produce and a later batch of the same size can then be dropped as a duplicate.
 * A retry may append a batch twice; event ids remove such duplicates.
 */
import type { NewRecord, RecordPosition } from '../port';

/** A record whose partition is known. */
export interface RoutedRecord extends NewRecord {
  readonly partition: number;
}

interface WaitingAppend {
  readonly records: readonly RoutedRecord[];
  readonly bytes: number;
  readonly resolve: (positions: RecordPosition[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Sends records of one topic. @returns the first offset of each partition in the request */
export type SendRecords = (records: readonly RoutedRecord[]) => Promise<ReadonlyMap<number, number>>;

/** Below the broker's default limit of 1 MiB for one batch. */
const MAX_SEND_BYTES = 900_000;

export class AppendQueue {
  private waiting: WaitingAppend[] = [];
  private sending: Promise<void> | undefined;

  constructor(private readonly send: SendRecords) {}

  append(records: readonly RoutedRecord[]): Promise<RecordPosition[]> {
    const bytes = records.reduce((sum, record) => sum + record.value.byteLength + record.key.length + 64, 0);
    return new Promise((resolve, reject) => {
      this.waiting.push({ records, bytes, resolve, reject });
      this.sending ??= this.drain().finally(() => (this.sending = undefined));
    });
  }

  /** Resolves once nothing is waiting or in flight. */
  async idle(): Promise<void> {
    while (this.sending) await this.sending;
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0) {
      // Appends of the same turn of the event loop travel together.
      await new Promise(setImmediate);
      const batch = this.takeBatch();
      const records = batch.flatMap((append) => append.records);
      try {
        const nextOffsets = new Map(await this.send(records));
        for (const append of batch) {
          append.resolve(
            append.records.map(({ partition }) => {
              const offset = nextOffsets.get(partition) as number;
              nextOffsets.set(partition, offset + 1);
              return { partition, offset };
            }),
          );
        }
      } catch (error) {
        for (const append of batch) append.reject(error);
      }
    }
  }

  private takeBatch(): WaitingAppend[] {
    let bytes = 0;
    let count = 0;
    while (count < this.waiting.length && (count === 0 || bytes + (this.waiting[count] as WaitingAppend).bytes <= MAX_SEND_BYTES)) {
      bytes += (this.waiting[count] as WaitingAppend).bytes;
      count++;
    }
    return this.waiting.splice(0, count);
  }
}
