/** What a log has of an archive already, and where: all that an interrupted restoration is to know. */
import { setImmediate } from 'node:timers/promises';
import type { EventLog, LogRecord, RecordPosition } from '@watchnext/event-log';
import { unlessAborted } from '@watchnext/waiting';
import { OffsetMap } from './offset-map';
import { positionBefore } from './restored-record';

/** Where the last record of a partition lay before. */
export interface LastRecord extends RecordPosition {
  /** Absent where this run has appended it. */
  readonly record?: LogRecord;
}

export interface Look {
  readonly log: EventLog;
  readonly topic: string;
  /** Aborted, the log is left half read, with the signal's reason. */
  readonly signal: AbortSignal;
  readonly onLook: (done: number, total: number) => void;
}

export class LogSoFar {
  /** By partition of the log. */
  last = new Map<number, LastRecord>();
  ends = new Map<number, number>();
  /** The first that was not restored: somebody else has written it. */
  foreign: LogRecord | undefined;
  /** As the log is known to be, without what is put and may not be there yet. */
  private sure = { last: new Map<number, LastRecord>(), ends: new Map<number, number>() };
  /** By partition of the log, and by that of before. */
  private readonly maps = new Map<number, Map<number, OffsetMap>>();

  /** Takes in a record that is appended. */
  put(before: RecordPosition, partition: number): void {
    const offset = this.ends.get(partition) ?? 0;
    this.mapOf(before.partition, partition).add(before.offset, offset);
    this.ends.set(partition, offset + 1);
    this.last.set(partition, before);
  }

  /** All that was put is in the log, and where it was to be. */
  confirm(): void {
    this.sure = { last: new Map(this.last), ends: new Map(this.ends) };
  }

  /** Reads all that the log holds of a topic now, but what is known: what was put since is forgotten. */
  async read({ log, topic, signal, onLook }: Look): Promise<void> {
    const { last, ends } = this.sure;
    this.last = new Map(last);
    this.ends = new Map(ends);
    for (const [partition, maps] of this.maps) for (const map of maps.values()) map.cutAt(ends.get(partition) ?? 0);
    let total = 0;
    for (const { partition, firstOffset, endOffset } of await unlessAborted(log.bounds(topic), signal)) {
      const known = ends.get(partition) ?? 0;
      total += Math.max(0, endOffset - Math.max(known, firstOffset));
      this.ends.set(partition, Math.max(known, endOffset));
    }
    // A group that is made and left at once for an empty topic would be waste.
    if (total > 0) {
      let done = 0;
      const reading = log.tail(topic, {
        firstOffset: (partition) => ends.get(partition),
        onRecords: async (records) => {
          // Kafka's partitions come side by side: nobody waits for those any longer.
          if (signal.aborted) return;
          for (const record of records) this.add(record);
          done += records.length;
          onLook(Math.min(done, total), total);
          // The embedded log reads without a pause in which a signal could be heard.
          await setImmediate();
        },
      });
      // One that is not waited for ends with the log, which is closed then.
      await (await unlessAborted(reading, signal)).stop();
    }
    this.confirm();
  }

  newOffsetOf(partition: number, offset: number, newPartition: number): number {
    return this.mapOf(partition, newPartition).lastUpTo(offset);
  }

  private add(record: LogRecord): void {
    const before = positionBefore(record.headers);
    // It may come while this is read.
    this.ends.set(record.partition, Math.max(this.ends.get(record.partition) ?? 0, record.offset + 1));
    if (!before) {
      this.foreign ??= record;
      return;
    }
    this.mapOf(before.partition, record.partition).add(before.offset, record.offset);
    this.last.set(record.partition, { ...before, record });
  }

  private mapOf(partition: number, newPartition: number): OffsetMap {
    let maps = this.maps.get(newPartition);
    if (!maps) this.maps.set(newPartition, (maps = new Map()));
    let map = maps.get(partition);
    if (!map) maps.set(partition, (map = new OffsetMap()));
    return map;
  }
}
