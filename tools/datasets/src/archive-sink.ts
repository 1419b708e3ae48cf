/**
 * Writes events straight into an archive folder: the records that ingestion would have archived had it taken the same
 * events in the same order into an empty log, without a log in between.
 */
import { Event, TOPICS } from '@watchnext/contract';
import { type EventArchive, openParquetArchive } from '@watchnext/event-archive';
import { type LogRecord, partitionOf } from '@watchnext/event-log';
import { refuse, userIdOf } from '@watchnext/features';
import type { EventSink } from './import';

/** As large as ingestion makes them. */
const RECORDS_PER_WRITE = 50_000;
const BYTES_PER_WRITE = 16 * 2 ** 20;
/** Days with less of a partition share a file with those after them: decades of sparse days would be files by the thousand. */
const LEAST_RECORDS_PER_FILE = 20_000;
const MEMORY_LIMIT_MIB = 256;

export interface Refused {
  readonly count: number;
  /** Why, of the first ones. */
  readonly first: readonly string[];
}

const REFUSALS_KEPT = 5;

class PartitionRun {
  records: LogRecord[] = [];
  bytes = 0;

  constructor(
    readonly topic: string,
    readonly partition: number,
    /** Records below are in the archive already. */
    readonly archivedTo: number,
    public nextOffset = 0,
  ) {}
}

export class ArchiveSink implements EventSink {
  private readonly runs = new Map<string, PartitionRun>();
  private refusedCount = 0;
  private readonly firstRefused: string[] = [];

  private constructor(
    private readonly archive: EventArchive,
    private readonly partitionCount: number,
  ) {}

  /** Goes on where an import of the same events into the same folder was cut off. */
  static async open(folder: string, partitionCount: number): Promise<ArchiveSink> {
    const archive = openParquetArchive(folder, {
      memoryLimitMiB: MEMORY_LIMIT_MIB,
      leastRecordsPerFile: LEAST_RECORDS_PER_FILE,
    });
    const sink = new ArchiveSink(archive, partitionCount);
    await sink.addRun(TOPICS.catalog, 0);
    for (let partition = 0; partition < partitionCount; partition++) await sink.addRun(TOPICS.activity, partition);
    return sink;
  }

  get refused(): Refused {
    return { count: this.refusedCount, first: this.firstRefused };
  }

  /** Resolves at once unless a run is full. */
  send(event: Event): void | Promise<void> {
    const refusal = refuse(event, event.occurredAtMs);
    if (refusal !== undefined) {
      if (++this.refusedCount <= REFUSALS_KEPT) this.firstRefused.push(`${event.eventId}: ${refusal.message}`);
      return;
    }
    const userId = userIdOf(event);
    const key = userId ?? (event.body?.value as { videoId: string }).videoId;
    const [topic, partition] =
      userId === undefined ? [TOPICS.catalog, 0] : [TOPICS.activity, partitionOf(key, this.partitionCount)];
    const run = this.runs.get(`${topic}/${partition}`) as PartitionRun;
    const offset = run.nextOffset++;
    if (offset < run.archivedTo) return;
    const value = Event.encode(event).finish();
    run.records.push({ topic, partition, offset, timestampMs: event.occurredAtMs, key, value });
    run.bytes += value.length + key.length;
    if (run.records.length >= RECORDS_PER_WRITE || run.bytes >= BYTES_PER_WRITE) return this.write(run);
  }

  /** Nothing waits for anybody else here; `complete` writes what is left. */
  async flush(): Promise<void> {}

  async complete(): Promise<void> {
    for (const run of this.runs.values()) await this.write(run);
  }

  close(): Promise<void> {
    return this.archive.close();
  }

  private async write(run: PartitionRun): Promise<void> {
    const { topic, partition, records } = run;
    run.records = [];
    run.bytes = 0;
    if (records.length > 0) await this.archive.write(topic, partition, records);
  }

  private async addRun(topic: string, partition: number): Promise<void> {
    const archivedTo = (await this.archive.nextOffset(topic, partition)) ?? 0;
    this.runs.set(`${topic}/${partition}`, new PartitionRun(topic, partition, archivedTo));
  }
}
