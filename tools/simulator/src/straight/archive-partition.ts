/**
 * Second half of writing an archive: takes what was spilled of a partition in the order of delivery, and hands it to the
 * event archive in runs as ingestion's archiver does, with the offsets that the log would have given.
 */
import { createHash } from 'node:crypto';
import { Event, TOPICS } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import type { LogRecord } from '@watchnext/event-log';
import { catalogueEvents } from '../catalogue-events';
import { MERGE_ORDER } from '../life/story';
import type { World } from '../world';
import { readSpilled, spilledDays } from './spill';

/** As apps/ingestion flushes a partition. */
const RUN_RECORDS = 50_000;
const RUN_BYTES = 32 * 2 ** 20;

export interface ArchivedPartition {
  readonly recordCount: number;
  /** SHA-256 over time, key and value of every record; of a merge without the value. */
  readonly sha256: string;
}

/** @param archive undefined: only counts and takes the checksum */
export async function archivePartition(
  archive: EventArchive | undefined,
  spillFolder: string,
  partition: number,
  onProgress: (records: number) => void,
): Promise<ArchivedPartition> {
  const run = new Run(archive, TOPICS.activity, partition, onProgress);
  for (const day of spilledDays(spillFolder, partition)) {
    for (const { deliveredAtMs, key, value, order } of readSpilled(spillFolder, partition, day))
      await run.add(deliveredAtMs, key, value, order === MERGE_ORDER);
  }
  return run.end();
}

/** The catalogue topic: every video when it was uploaded. */
export async function archiveCatalogue(archive: EventArchive | undefined, world: World): Promise<ArchivedPartition> {
  const events = [...catalogueEvents(world, false)].sort((a, b) => a.occurredAtMs - b.occurredAtMs);
  const run = new Run(archive, TOPICS.catalog, 0, () => undefined);
  for (const event of events) {
    const { videoId } = (event.body as { value: { videoId: string } }).value;
    await run.add(event.receivedAtMs, videoId, Event.encode(event).finish());
  }
  return run.end();
}

class Run {
  private records: LogRecord[] = [];
  private bytes = 0;
  private offset = 0;
  private readonly hash = createHash('sha256');
  private readonly time = Buffer.alloc(8);

  constructor(
    private readonly archive: EventArchive | undefined,
    private readonly topic: string,
    private readonly partition: number,
    private readonly onProgress: (records: number) => void,
  ) {}

  /** @param isMerge the state within is the features' doing, not the world's: not part of the checksum */
  async add(timestampMs: number, key: string, value: Uint8Array, isMerge = false): Promise<void> {
    this.time.writeDoubleLE(timestampMs);
    this.hash.update(this.time).update(key);
    if (!isMerge) this.hash.update(value);
    const { topic, partition } = this;
    this.records.push({ topic, partition, offset: this.offset++, timestampMs, key, value });
    this.bytes += key.length + value.length;
    if (this.records.length >= RUN_RECORDS || this.bytes >= RUN_BYTES) await this.write();
  }

  async end(): Promise<ArchivedPartition> {
    await this.write();
    return { recordCount: this.offset, sha256: this.hash.digest('hex') };
  }

  private async write(): Promise<void> {
    if (this.records.length === 0) return;
    await this.archive?.write(this.topic, this.partition, this.records);
    this.onProgress(this.records.length);
    this.records = [];
    this.bytes = 0;
  }
}
