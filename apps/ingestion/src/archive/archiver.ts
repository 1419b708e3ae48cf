import type { EventArchive } from '@watchnext/event-archive';
import { OffsetsDeletedError, type EventLog, type GroupHandler, type RecordBatch } from '@watchnext/event-log';
import type { Logger } from '@watchnext/service';
import { PartitionBuffer } from './partition-buffer';

const DEFAULT_PARTITION_BYTES = 32 * 2 ** 20;

export interface ArchiverOptions {
  readonly flushAfterSeconds: number;
  /** A partition that holds so many bytes is written, and its consumer waits meanwhile. */
  readonly maxPartitionBytes?: number;
  readonly clock?: () => number;
  /** A partition that grew old could not be written: nobody else hears of it where no new records come. */
  readonly onFlushFailure?: () => void;
}

/**
 * Carries one topic into the archive. It resumes from where the archive ends, so what was in memory when a process
 * died is read from the log again, and nothing is lost or skipped.
 */
export class Archiver implements GroupHandler {
  private readonly buffers = new Map<number, PartitionBuffer>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly topic: string,
    private readonly log: Pick<EventLog, 'bounds'>,
    private readonly archive: EventArchive,
    private readonly logger: Logger,
    private readonly options: ArchiverOptions,
  ) {}

  /** Begins to write what grows old without new records. */
  start(): void {
    const flushAfterMs = this.options.flushAfterSeconds * 1_000;
    this.timer = setInterval(() => this.flushOld(), Math.min(1_000, flushAfterMs / 4));
  }

  /** After the subscription: its partitions are flushed when they are given up. */
  stop(): void {
    clearInterval(this.timer);
  }

  async resumeOffset(partition: number): Promise<number | undefined> {
    // Asked at each join of its group too: what is held would never grow old where members come and go.
    const before = this.buffers.get(partition);
    const goesOnAt = await before?.resumeOffset();
    if (goesOnAt !== undefined) return goesOnAt;
    const archivedTo = await this.archive.nextOffset(this.topic, partition);
    this.buffers.set(
      partition,
      new PartitionBuffer(
        this.archive,
        this.topic,
        partition,
        archivedTo ?? (await this.firstHeld(partition)),
        this.options.flushAfterSeconds * 1_000,
        this.options.maxPartitionBytes ?? DEFAULT_PARTITION_BYTES,
        before?.missedSinceMs(archivedTo ?? 0),
      ),
    );
    return archivedTo;
  }

  async onBatch({ partition, records, nextOffset }: RecordBatch): Promise<void> {
    await this.buffers.get(partition)?.add(records, nextOffset, this.now());
  }

  async onRevoked(partition: number): Promise<void> {
    const buffer = this.buffers.get(partition);
    this.buffers.delete(partition);
    await buffer?.flush(this.now());
  }

  onError(err: Error, partition: number | undefined): void {
    if (err instanceof OffsetsDeletedError) {
      this.logger.error(
        { err, topic: this.topic, partition },
        'archiving stands still: retention deleted what comes next; "npm run archive-gaps -- --accept" goes on without it',
      );
      return;
    }
    this.logger.error({ err, topic: this.topic, partition }, 'archiving goes on from where the archive ends');
  }

  /** By partition held here: how long the oldest of what was read, and is not in the archive, has waited. */
  unwrittenAgesMs(): [partition: number, ageMs: number][] {
    return [...this.buffers].map(([partition, buffer]) => [partition, buffer.unwrittenAgeMs(this.now())]);
  }

  private flushOld(): void {
    for (const [partition, buffer] of this.buffers) {
      buffer.flushIfOld(this.now()).catch((err: unknown) => {
        this.options.onFlushFailure?.();
        this.onError(err as Error, partition);
      });
    }
  }

  private async firstHeld(partition: number): Promise<number> {
    return (await this.log.bounds(this.topic)).find((bounds) => bounds.partition === partition)?.firstOffset ?? 0;
  }

  private now(): number {
    return (this.options.clock ?? Date.now)();
  }
}
