import type { EventArchive } from '@watchnext/event-archive';
import { MAX_TIMESTAMP_AHEAD_MS, type LogRecord } from '@watchnext/event-log';

/** Larger files would make no better reading. */
const MAX_RECORDS = 50_000;

/** Measured at 280 bytes for the object of a small record and that of its value's copy. */
const RECORD_OVERHEAD_BYTES = 300;

/** Looked at every second: after a longer pause this process may have been taken for dead, and its partition archived by another. */
const LONGEST_PAUSE_MS = 5_000;

/** Records of one partition on their way to the archive. Its steps run one after the other, whoever asks for them. */
export class PartitionBuffer {
  private records: LogRecord[] = [];
  /** What was read for them: a file accounts for all of it, so that an archive that has everything ends where the log does. */
  private nextOffset: number;
  private bytes = 0;
  private oldestSinceMs = Infinity;
  /** After a write that failed, which may have got somewhere, and after a pause. */
  private isEndUnsure = false;
  private hasFailed = false;
  private lookedAtMs = Infinity;
  private queue: Promise<unknown> = Promise.resolve();
  private readonly beganAt: number;

  constructor(
    private readonly archive: EventArchive,
    private readonly topic: string,
    private readonly partition: number,
    /** Where the partition is read from. */
    private firstOffset: number,
    private readonly flushAfterMs: number,
    /** What it may hold in memory, but for its last batch, before it is written. */
    private readonly maxBytes: number,
    /** Since when what is read here again has waited for the archive, which could not take it before. */
    private waitsSinceMs = Infinity,
  ) {
    this.nextOffset = firstOffset;
    this.beganAt = firstOffset;
  }

  /**
   * Where the partition goes on after what is held here; undefined where that is not what the archive misses next, or could
   * not be written: whoever would go on then would hold more and more.
   */
  resumeOffset(): Promise<number | undefined> {
    return this.inTurn(async () => {
      if (this.hasFailed) return undefined;
      const archivedTo = await this.archive.nextOffset(this.topic, this.partition);
      // Nothing is held, and nothing archived: what it began at may be gone by now.
      if (archivedTo === undefined && this.nextOffset === this.beganAt) return undefined;
      return (archivedTo ?? this.beganAt) === this.firstOffset ? this.nextOffset : undefined;
    });
  }

  /** Adds what was read up to `nextOffset`, and writes all if it is many or old by now. */
  add(records: readonly LogRecord[], nextOffset: number, nowMs: number): Promise<void> {
    this.look(nowMs);
    return this.inTurn(async () => {
      for (const record of records) {
        const kept = archivedPart(record);
        this.records.push(kept);
        this.bytes += kept.value.length + kept.key.length + RECORD_OVERHEAD_BYTES;
      }
      this.nextOffset = nextOffset;
      this.oldestSinceMs = Math.min(this.oldestSinceMs, nowMs);
      if (this.records.length >= MAX_RECORDS || this.bytes >= this.maxBytes || this.isOld(nowMs))
        await this.write(nowMs);
    });
  }

  flushIfOld(nowMs: number): Promise<void> {
    this.look(nowMs);
    return this.inTurn(async () => (this.isOld(nowMs) ? this.write(nowMs) : undefined));
  }

  /** 0 where all is written. */
  unwrittenAgeMs(nowMs: number): number {
    return Math.max(0, nowMs - this.unwrittenSinceMs());
  }

  /** Since when what was read here has waited, for one that goes on where the archive ends; Infinity where nothing of it is missing there. */
  missedSinceMs(archivedTo: number): number {
    return archivedTo < this.nextOffset ? this.unwrittenSinceMs() : Infinity;
  }

  flush(nowMs: number): Promise<void> {
    return this.inTurn(() => this.write(nowMs));
  }

  private unwrittenSinceMs(): number {
    return Math.min(this.oldestSinceMs, this.waitsSinceMs);
  }

  private look(nowMs: number): void {
    if (nowMs - this.lookedAtMs > LONGEST_PAUSE_MS) this.isEndUnsure = true;
    this.lookedAtMs = nowMs;
  }

  private isOld(nowMs: number): boolean {
    return nowMs - this.oldestSinceMs >= this.flushAfterMs;
  }

  /** What fails stays in the buffer for the next attempt. */
  private async write(nowMs: number): Promise<void> {
    if (this.nextOffset === this.firstOffset) return;
    const { topic, partition, nextOffset } = this;
    if (this.isEndUnsure) this.dropArchived((await this.archive.nextOffset(topic, partition)) ?? 0);
    this.isEndUnsure = true;
    this.hasFailed = true;
    // Another member may all the same have archived part of it by now: the archive reads what overlaps once.
    if (this.firstOffset < nextOffset) {
      // A time that the log would not take lies in the future of another clock, and is not to take the partition there.
      const range = { firstOffset: this.firstOffset, nextOffset, notAfterMs: nowMs + MAX_TIMESTAMP_AHEAD_MS };
      await this.archive.write(topic, partition, this.records, range);
    }
    this.isEndUnsure = false;
    this.hasFailed = false;
    this.firstOffset = nextOffset;
    this.records = [];
    this.bytes = 0;
    this.oldestSinceMs = Infinity;
    this.waitsSinceMs = Infinity;
  }

  private dropArchived(archivedTo: number): void {
    this.firstOffset = Math.max(this.firstOffset, archivedTo);
    this.records = this.records.filter(({ offset }) => offset >= archivedTo);
  }

  private inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.queue.then(step);
    this.queue = turn.catch(() => undefined);
    return turn;
  }
}

/**
 * Without headers, which the archive does not store; and with a value of its own: as it comes from the log it is a view of all that was
 * fetched with it, headers included, and would keep that in memory.
 */
function archivedPart({ topic, partition, offset, timestampMs, key, value }: LogRecord): LogRecord {
  return { topic, partition, offset, timestampMs, key, value: Buffer.from(value) };
}
