/** The program of the thread that commits to the embedded event log: a commit waits for the disk, an event loop must not. */
import { answerCalls } from '@watchnext/threads';
import { endOffsetOf, type Environment, openEnvironment } from './environment';
import type { PackedRecords } from './packed-records';

export interface WriteCall {
  readonly appends: readonly PackedRecords[];
  readonly heartbeats: readonly { readonly key: (string | number)[]; readonly atMs: number }[];
}

let environment: Environment | undefined;

function opened(): Environment {
  if (!environment) throw new Error('the event log is not open');
  return environment;
}

/** @returns the offset of each record */
function append(log: Environment, { topicId, partitions, entries, ends, keys }: PackedRecords): Float64Array {
  const next = new Map<number, number>();
  const offsets = Float64Array.from(partitions, (partition, i) => {
    const offset = next.get(partition) ?? endOffsetOf(log, topicId, partition);
    next.set(partition, offset + 1);
    const entry = Buffer.from(entries.buffer, entries.byteOffset + (ends[i - 1] ?? 0), ends[i]! - (ends[i - 1] ?? 0));
    void log.records.put([topicId, partition, offset], entry);
    const key = keys?.[i];
    if (key !== undefined) compact(log, topicId, partition, key, offset);
    return offset;
  });
  for (const [partition, end] of next) void log.meta.put(['end', topicId, partition], end);
  return offsets;
}

/** The older record of the key goes with the transaction that writes the newer one. */
function compact({ records, newest }: Environment, topicId: number, partition: number, key: string, offset: number) {
  const older = newest.get([topicId, partition, key]);
  if (older !== undefined) void records.remove([topicId, partition, older]);
  void newest.put([topicId, partition, key], offset);
}

const handlers = {
  open({ directory }: { directory: string }): void {
    environment = openEnvironment(directory);
  },
  /** One transaction for all of them. @returns for each append the offsets of its records */
  write({ appends, heartbeats }: WriteCall): Float64Array[] {
    const log = opened();
    return log.root.transactionSync(() => {
      for (const { key, atMs } of heartbeats) void log.meta.put(key, atMs);
      return appends.map((records) => append(log, records));
    });
  },
  async close(): Promise<void> {
    await environment?.root.close();
    environment = undefined;
  },
};

export type WriteHandlers = typeof handlers;

answerCalls(handlers);
