/** The records of an archive in the order in which they are appended anew, and what each of them is. */
import type { Event } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import type { LogRecord } from '@watchnext/event-log';
import { judgeRecord, userIdOf } from '@watchnext/features';
import { isMisplaced } from '../materialise/sort-records';

export interface SourceRecord {
  readonly record: LogRecord;
  /** Absent where the bytes are none. */
  readonly event: Event | undefined;
  /** Whose it is, of a sound one; absent in the catalogue. */
  readonly userId: string | undefined;
  /** Whether states fold it; the others are dead letters. */
  readonly isSound: boolean;
  /** In another partition than its user's, or under another key: the materialiser sends it on, and then it lies where it belongs as well. */
  readonly isMisplaced: boolean;
}

export interface Source {
  readonly archive: EventArchive;
  /** As the archive has it. */
  readonly topic: string;
  /** As the log has it; another one after a change of the topic's version. */
  readonly newTopic: string;
  /** How many the log had that was archived. */
  readonly partitionCount: number;
}

/**
 * Each partition's records in the order of their offsets, the same at every call.
 *
 * @param isMixed one partition after the other would be appended to all of the log's: then days would begin anew with each, and the
 *   archive that is made of it would have all of them in its last day. So the partitions are read side by side, by the time of receipt
 */
export async function* sourceRecords(source: Source, isMixed: boolean): AsyncGenerator<readonly SourceRecord[]> {
  const partitions = await source.archive.partitions(source.topic);
  if (isMixed) yield* mixed(partitions.map((partition) => recordsOf(source, partition)));
  else for (const partition of partitions) yield* recordsOf(source, partition);
}

async function* recordsOf(source: Source, partition: number): AsyncGenerator<SourceRecord[]> {
  const { archive, topic } = source;
  for await (const records of archive.read(topic, { order: 'offset', partition }))
    yield records.map((record) => judged(record, source));
}

function judged(record: LogRecord, { newTopic, partitionCount }: Source): SourceRecord {
  const { event, refused } = judgeRecord({ ...record, topic: newTopic });
  const userId = event && userIdOf(event);
  return {
    record,
    event: event ?? refused,
    userId,
    isSound: event !== undefined,
    isMisplaced: userId !== undefined && isMisplaced(userId, record, partitionCount),
  };
}

/** Records of one partition that are not appended yet. */
class Head {
  private records: readonly SourceRecord[] = [];
  private next = 0;
  /** Of the receipts so far the latest: it never decreases along a partition. */
  atMs = -Infinity;

  constructor(
    private readonly batches: AsyncGenerator<SourceRecord[]>,
    readonly place: number,
  ) {}

  /** Goes on to the first record that there is. @returns whether there is one */
  async advance(): Promise<boolean> {
    while (this.next === this.records.length) {
      const { done, value } = await this.batches.next();
      if (done) return false;
      this.records = value;
      this.next = 0;
    }
    this.atMs = Math.max(this.atMs, this.receiptOf(this.next));
    return true;
  }

  /** Of the records at hand those that come before the next one of another partition: the first partition's where both are of one time. */
  takeBefore(other: Head | undefined): SourceRecord[] {
    const taken: SourceRecord[] = [];
    for (; this.next < this.records.length && this.isBefore(other); this.advanceTime())
      taken.push(this.records[this.next++]);
    return taken;
  }

  private isBefore(other: Head | undefined): boolean {
    if (!other) return true;
    return this.atMs < other.atMs || (this.atMs === other.atMs && this.place < other.place);
  }

  private advanceTime(): void {
    if (this.next < this.records.length) this.atMs = Math.max(this.atMs, this.receiptOf(this.next));
  }

  private receiptOf(index: number): number {
    const { event, record } = this.records[index];
    return event?.receivedAtMs || record.timestampMs;
  }
}

async function* mixed(partitions: readonly AsyncGenerator<SourceRecord[]>[]): AsyncGenerator<readonly SourceRecord[]> {
  try {
    let heads: Head[] = [];
    for (const head of partitions.map((batches, place) => new Head(batches, place)))
      if (await head.advance()) heads.push(head);
    while (heads.length > 0) {
      const [first, ...others] = [...heads].sort((a, b) => a.atMs - b.atMs || a.place - b.place) as [Head, ...Head[]];
      yield first.takeBefore(others[0]);
      if (!(await first.advance())) heads = heads.filter((head) => head !== first);
    }
  } finally {
    for (const batches of partitions) await batches.return(undefined);
  }
}
