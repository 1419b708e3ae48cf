/**
 * Appends of one topic, each cut into what goes to each partition. Partitions are written side by side and know
 * nothing of each other (`partition-queue.ts`): one that cannot be written holds up its own appends only.
 *
 * An append resolves once every partition of it was acknowledged, and is rejected when one was not: the records
 * of its other partitions may have been written, those of the failed one may have been too if the answer was lost.
 * Each is held to its own time-out. Waiting bytes are bounded; one whose caller gave it up is dropped where nothing of it
 * was sent, or all that was has been refused.
 */
import { LogUnavailableError, type NewRecord, type RecordPosition } from '../port';
import { bytesOf } from '../slices';
import { PartitionQueue, type SendToPartition, type WaitingPart } from './partition-queue';

/** A record whose partition is known. */
export interface RoutedRecord extends NewRecord {
  readonly partition: number;
}

export interface AppendQueueLimits {
  /** An append is rejected after this, sent or not. */
  readonly timeoutMs: number;
  /** Appends beyond this many bytes in waiting, or half as many of one partition, are rejected at once. */
  readonly maxWaitingBytes?: number;
}

/** The records of one append that go to one partition. */
interface Share {
  readonly partition: number;
  /** Where they stand in the append. */
  readonly places: number[];
  readonly records: NewRecord[];
  bytes: number;
}

const MAX_WAITING_BYTES = 64 * 1024 * 1024;

export class AppendQueue {
  private readonly partitions = new Map<number, PartitionQueue>();

  constructor(
    private readonly send: SendToPartition,
    private readonly limits: AppendQueueLimits,
  ) {}

  /** @throws the signal's reason where it is aborted before anything was sent, and LogUnavailableError */
  append(records: readonly RoutedRecord[], signal?: AbortSignal): Promise<RecordPosition[]> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    const shares = sharesOf(records);
    if (!this.hasRoomFor(shares)) {
      return Promise.reject(
        new LogUnavailableError(`${this.waitingBytes()} bytes wait to be written to Kafka already`),
      );
    }
    return new Promise((resolve, reject) => {
      const positions = new Array<RecordPosition>(records.length);
      const parts: (readonly [PartitionQueue, WaitingPart])[] = [];
      let missing = shares.length;
      // Shares that may lie in the log.
      const onTheirWay = new Set<Share>();
      const unsure = new Set<Share>();
      let lastReason: Error | undefined;
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', drop);
        for (const [queue, part] of parts) queue.remove(part);
      };
      const fail = (error: unknown) => {
        end();
        reject(error as Error);
      };
      const drop = () => {
        if (onTheirWay.size === 0) fail(signal?.reason);
      };
      const timer = setTimeout(() => fail(late(this.limits.timeoutMs, lastReason)), this.limits.timeoutMs);
      signal?.addEventListener('abort', drop, { once: true });
      for (const share of shares) {
        const { partition, places } = share;
        const part: WaitingPart = {
          records: share.records,
          bytes: share.bytes,
          onSending: () => onTheirWay.add(share),
          onWritten: (firstOffset) => {
            places.forEach((place, i) => (positions[place] = { partition, offset: firstOffset + i }));
            if (--missing > 0) return;
            end();
            resolve(positions);
          },
          onPutOff: (reason, isRefused) => {
            lastReason = reason;
            if (!isRefused) unsure.add(share);
            if (!unsure.has(share)) onTheirWay.delete(share);
            if (signal?.aborted) drop();
          },
          onFailed: fail,
        };
        const queue = this.queueOf(partition);
        parts.push([queue, part]);
        queue.add(part);
      }
    });
  }

  /** Resolves once nothing is waiting or in flight. */
  async idle(): Promise<void> {
    await Promise.all([...this.partitions.values()].map((queue) => queue.idle()));
  }

  private queueOf(partition: number): PartitionQueue {
    let queue = this.partitions.get(partition);
    if (!queue) {
      queue = new PartitionQueue(partition, this.send);
      this.partitions.set(partition, queue);
    }
    return queue;
  }

  /** Where nothing waits, an append of any size may. */
  private hasRoomFor(shares: readonly Share[]): boolean {
    const { maxWaitingBytes = MAX_WAITING_BYTES } = this.limits;
    const fits = (waiting: number, more: number, limit: number) => waiting === 0 || waiting + more <= limit;
    const total = shares.reduce((sum, { bytes }) => sum + bytes, 0);
    return (
      fits(this.waitingBytes(), total, maxWaitingBytes) &&
      // One that cannot be written leaves room for the others.
      shares.every(({ partition, bytes }) => fits(this.queueOf(partition).bytes, bytes, maxWaitingBytes / 2))
    );
  }

  private waitingBytes(): number {
    let sum = 0;
    for (const { bytes } of this.partitions.values()) sum += bytes;
    return sum;
  }
}

function sharesOf(records: readonly RoutedRecord[]): Share[] {
  const shares = new Map<number, Share>();
  records.forEach((record, place) => {
    const { partition } = record;
    let share = shares.get(partition);
    if (!share) shares.set(partition, (share = { partition, places: [], records: [], bytes: 0 }));
    share.places.push(place);
    share.records.push(record);
    share.bytes += bytesOf(record);
  });
  return [...shares.values()];
}

function late(timeoutMs: number, reason: Error | undefined): LogUnavailableError {
  const why = reason ? `: ${reason.message}` : '';
  return new LogUnavailableError(`Kafka did not acknowledge an append within ${timeoutMs} ms${why}`, { cause: reason });
}
