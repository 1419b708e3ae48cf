/**
 * Writes runs of records behind each other: which day's files they go into, and what of the log those account for.
 *
 * Where its own last write ended is all that a process remembers, for a run that goes on right there: nobody is asked whether another
 * process has written meanwhile. If one has, both read the same log, so that what overlaps is the same records in the same days, and is
 * read once.
 */
import type { DuckDBInstance } from '@duckdb/node-api';
import type { LogRecord } from '@watchnext/event-log';
import { type ArchiveFile, dayOf, dayOfRecord, FIRST_DAY, isTopicName, LAST_DAY } from './archive-files';
import { addToCuts, type DayCut, joinSmallCuts, type RunBounds } from './day-cuts';
import { stageRecords, writeStaged } from './parquet-writer';
import { ArchiveWriteError, type RunRange } from './port';
import { sqlText } from './sql';
import type { ArchiveStorage } from './storage';

export class RunWriter {
  /** By topic and partition. */
  private readonly lastWrites = new Map<string, Promise<void>>();
  /** By topic and partition: where this process's last write ended, which had nothing after it then. */
  private readonly ownEnds = new Map<string, { readonly nextOffset: number; readonly day: string }>();

  /** @param leastRecordsPerFile as `ParquetArchiveOptions` */
  constructor(
    private readonly storage: ArchiveStorage,
    private readonly database: Promise<DuckDBInstance>,
    private readonly leastRecordsPerFile: number,
  ) {}

  /** Writes of one partition go one after the other: each looks at where the last one ended. */
  write(topic: string, partition: number, records: readonly LogRecord[], range: RunRange): Promise<void> {
    const name = `${topic}/${partition}`;
    const write = (this.lastWrites.get(name) ?? Promise.resolve()).then(() =>
      this.writeNow(topic, partition, records, range),
    );
    const settled = write
      .catch(() => undefined)
      .finally(() => {
        if (this.lastWrites.get(name) === settled) this.lastWrites.delete(name);
      });
    this.lastWrites.set(name, settled);
    return write;
  }

  /** Resolves when nothing is being written any more. */
  async settled(): Promise<void> {
    await Promise.all(this.lastWrites.values());
  }

  private async writeNow(
    topic: string,
    partition: number,
    records: readonly LogRecord[],
    range: RunRange,
  ): Promise<void> {
    checkRun(topic, partition, records, range);
    const first = records[0]?.offset ?? range.firstOffset;
    const next = range.nextOffset ?? (records.at(-1)?.offset ?? -1) + 1;
    if (first === undefined || next <= first) return;
    let path = this.storage.describe(topic);
    try {
      const name = `${topic}/${partition}`;
      const ownEnd = this.ownEnds.get(name);
      this.ownEnds.delete(name);
      const bounds =
        ownEnd?.nextOffset === (range.firstOffset ?? first)
          ? { earliestDay: ownEnd.day, latestDay: LAST_DAY, firstOffset: ownEnd.nextOffset }
          : await this.boundsFor(topic, partition, first, next - 1);
      const connection = await (await this.database).connect();
      try {
        const cuts: DayCut[] = [];
        const within = bounded(bounds, range);
        await stageRecords(connection, topic, records, ({ record, event }) =>
          addToCuts(cuts, within, dayOfRecord(event.receivedAtMs, record.timestampMs), record.offset),
        );
        // Days never decrease, so what was read behind the last record goes with it.
        const last = cuts.at(-1);
        if (last) last.to = next - 1;
        else cuts.push({ day: bounds.earliestDay || FIRST_DAY, from: first, to: next - 1 });
        const files = joinSmallCuts(cuts, this.leastRecordsPerFile);
        let firstOffset = range.firstOffset ?? bounds.firstOffset;
        for (const { day, from, to } of files) {
          const place = { day, partition, firstOffset, lastOffset: to };
          path = this.storage.describe(topic, place);
          await this.storage.place(topic, place, (incoming) =>
            writeStaged(connection, incoming, topic, partition, { from, to }),
          );
          firstOffset = to + 1;
        }
        // A run within what is there, as one that is archived again, has other files behind it.
        if (bounds.latestDay === LAST_DAY) this.ownEnds.set(name, { nextOffset: next, day: files.at(-1)!.day });
      } finally {
        connection.closeSync();
      }
    } catch (error) {
      throw new ArchiveWriteError(path, { cause: error });
    }
  }

  /** Between which days a run belongs, and from which offset on it accounts for what the log had. */
  private async boundsFor(
    topic: string,
    partition: number,
    firstOffset: number,
    lastOffset: number,
  ): Promise<RunBounds> {
    const newest = await newestFiles(this.storage, topic, partition);
    // The usual case: the run follows all that is there.
    const isAppend = newest.length > 0 && firstOffset >= endOf(newest);
    const others = isAppend
      ? newest
      : (await this.storage.listFiles(topic)).filter((file) => file.partition === partition);
    const before = others.filter((file) => file.lastOffset < firstOffset);
    const daysUpToHere = others.filter((file) => file.firstOffset <= firstOffset).map(({ day }) => day);
    const daysFromHere = others.filter((file) => file.lastOffset >= lastOffset).map(({ day }) => day);
    return {
      earliestDay: daysUpToHere.sort().at(-1) ?? '',
      latestDay: daysFromHere.sort()[0] ?? LAST_DAY,
      firstOffset: before.length > 0 ? endOf(before) : firstOffset,
    };
  }
}

function bounded(bounds: RunBounds, { notAfterMs }: RunRange): RunBounds {
  if (notAfterMs === undefined) return bounds;
  const notAfter = dayOf(notAfterMs);
  const lastDay = notAfter < bounds.earliestDay ? bounds.earliestDay : notAfter;
  return lastDay < bounds.latestDay ? { ...bounds, latestDay: lastDay } : bounds;
}

/** Where the partition's archive ends; undefined where there is nothing of it. */
export async function endOffset(
  storage: ArchiveStorage,
  topic: string,
  partition: number,
): Promise<number | undefined> {
  const newest = await newestFiles(storage, topic, partition);
  return newest.length === 0 ? undefined : endOf(newest);
}

/** The partition's files in its newest day, which hold its largest offsets. */
async function newestFiles(storage: ArchiveStorage, topic: string, partition: number): Promise<ArchiveFile[]> {
  if (!isTopicName(topic)) return [];
  for (const day of (await storage.listDays(topic)).reverse()) {
    const files = await storage.listDayFiles(topic, day, partition);
    if (files.length > 0) return files;
  }
  return [];
}

function endOf(files: readonly ArchiveFile[]): number {
  return files.reduce((end, file) => Math.max(end, file.lastOffset + 1), 0);
}

/** @throws RangeError, since nothing but a mistake of the caller leads there */
function checkRun(topic: string, partition: number, records: readonly LogRecord[], range: RunRange): void {
  if (!isTopicName(topic)) throw new RangeError(`${sqlText(topic)} cannot name a topic`);
  let previous = -1;
  for (const record of records) {
    if (record.topic !== topic || record.partition !== partition) {
      throw new RangeError(`a record of ${record.topic}/${record.partition} in a run of ${topic}/${partition}`);
    }
    if (!Number.isSafeInteger(record.offset) || record.offset <= previous) {
      throw new RangeError(`offset ${record.offset} after ${previous}: a run must ascend`);
    }
    previous = record.offset;
  }
  const { firstOffset = 0, nextOffset = previous + 1 } = range;
  const isAround = firstOffset <= (records[0]?.offset ?? firstOffset) && nextOffset > previous;
  if (!isAround || ![firstOffset, nextOffset].every((offset) => Number.isSafeInteger(offset) && offset >= 0)) {
    throw new RangeError(
      `a run from ${records[0]?.offset} to ${previous} in a range from ${firstOffset} to ${nextOffset}`,
    );
  }
}
