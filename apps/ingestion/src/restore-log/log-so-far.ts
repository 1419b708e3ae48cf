/** What a log has of an archive already, and where: all that an interrupted restoration is to know. */
import type { EventLog, LogRecord, RecordPosition } from '@watchnext/event-log';
import { OffsetMap } from './offset-map';
import { positionBefore } from './restored-record';

/** Where the last record of a partition lay before. */
export interface LastRecord extends RecordPosition {
  /** Absent where this run has appended it. */
  readonly record?: LogRecord;
}

export class LogSoFar {
  /** By partition of the log. */
  readonly last = new Map<number, LastRecord>();
  readonly ends = new Map<number, number>();
  recordCount = 0;
  /** The first that was not restored: somebody else has written it. */
  foreign: LogRecord | undefined;
  private readonly maps = new Map<string, OffsetMap>();

  /** Reads all that the log holds of a topic now. */
  static async read(log: EventLog, topic: string, onProgress: (done: number, total: number) => void) {
    const found = new LogSoFar();
    const bounds = await log.bounds(topic);
    for (const { partition, endOffset } of bounds) found.ends.set(partition, endOffset);
    const total = bounds.reduce((sum, { firstOffset, endOffset }) => sum + endOffset - firstOffset, 0);
    // A group that is made and left at once for an empty topic would be waste.
    if (total === 0) return found;
    const tail = await log.tail(topic, {
      onRecords: async (records) => {
        for (const record of records) found.add(record);
        onProgress(Math.min(found.recordCount, total), total);
      },
    });
    await tail.stop();
    return found;
  }

  /** Takes in a record that is appended. */
  put(before: RecordPosition, partition: number): void {
    const offset = this.ends.get(partition) ?? 0;
    this.mapOf(before.partition, partition).add(before.offset, offset);
    this.ends.set(partition, offset + 1);
    this.last.set(partition, before);
  }

  newOffsetOf(partition: number, offset: number, newPartition: number): number {
    return this.mapOf(partition, newPartition).lastUpTo(offset);
  }

  private add(record: LogRecord): void {
    const before = positionBefore(record.headers);
    // It may come while this is read.
    this.ends.set(record.partition, Math.max(this.ends.get(record.partition) ?? 0, record.offset + 1));
    this.recordCount++;
    if (!before) {
      this.foreign ??= record;
      return;
    }
    this.mapOf(before.partition, record.partition).add(before.offset, record.offset);
    this.last.set(record.partition, { ...before, record });
  }

  private mapOf(partition: number, newPartition: number): OffsetMap {
    const key = `${partition}/${newPartition}`;
    let map = this.maps.get(key);
    if (!map) this.maps.set(key, (map = new OffsetMap()));
    return map;
  }
}
