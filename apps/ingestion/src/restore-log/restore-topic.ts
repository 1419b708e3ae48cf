/**
 * Appends what an archive has of a topic to a log that has nothing else, each record once, a key's in their order.
 *
 * The records come in an order that is the same at every run, and each carries where it lay. So the last one of each partition of the
 * log says what is to come there next, whatever cut an earlier run off; and marks of served lists, which name offsets of the old log,
 * are told anew by where its records lie now (docs/decisions/0167).
 */
import { type EventLog, EventLogError, type NewRecord, partitionOf } from '@watchnext/event-log';
import { LogSoFar } from './log-so-far';
import { RepeatableSlice } from './repeatable-slice';
import { type Placement, restoredRecord } from './restored-record';
import { type Source, type SourceRecord, sourceRecords } from './source-records';
import { UnsentRecords } from './unsent-records';

export interface RestoreOptions {
  /** Of the log; undefined in a dry run before there is any. */
  readonly log: EventLog | undefined;
  readonly newPartitionCount: number;
  /** Count, and append nothing. */
  readonly dryRun: boolean;
  /** Aborted, the run ends between two appends, or while it looks, with the signal's reason; the next one goes on. */
  readonly signal: AbortSignal;
  /** Told of what the log has, before the first record of the archive is read. @throws where it cannot be gone on with */
  readonly check: (log: LogSoFar) => void;
  /** In offsets that the archive accounts for. */
  readonly onProgress: (done: number, total: number) => void;
  /** In records of the log, which are read before. */
  readonly onLook: (done: number, total: number) => void;
}

export interface RestoreReport {
  readonly topic: string;
  readonly dryRun: boolean;
  readonly archivedRecordCount: number;
  /** By this run; in a dry run: would be. */
  readonly appendedRecordCount: number;
  /** That an earlier run had appended. */
  readonly foundRecordCount: number;
  /** In another partition than their user's, and left out, as each is there once more. */
  readonly misplacedRecordCount: number;
  /** Which no state folds: they become dead letters again. */
  readonly deadRecordCount: number;
  /** That the archive accounts for: retention, compaction and `npm run forget` took their records, or there were none. */
  readonly offsetsWithoutRecordCount: number;
  /** By partition, where the archive does not begin at 0. */
  readonly beginsAt: Readonly<Record<number, number>>;
}

/** What is to be appended, or was. */
interface Outgoing {
  readonly source: SourceRecord;
  readonly key: string;
}

export class RestoreError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RestoreError';
  }
}

export function restoreTopic(source: Source, options: RestoreOptions): Promise<RestoreReport> {
  return new TopicRestorer(source, options).run();
}

class TopicRestorer {
  private readonly soFar = new LogSoFar();
  private readonly placement: Placement;
  private slice = new RepeatableSlice();
  /** Partitions of the log whose last record was not met in the archive yet: all that comes before it is there. */
  private readonly behind = new Set<number>();
  private archivedRecordCount = 0;
  private appendedRecordCount = 0;
  private foundRecordCount = 0;
  private misplacedRecordCount = 0;
  private deadRecordCount = 0;

  constructor(
    private readonly source: Source,
    private readonly options: RestoreOptions,
  ) {
    this.placement = {
      topic: source.topic,
      newTopic: source.newTopic,
      newPartitionCount: options.newPartitionCount,
      newOffsetOf: (...args) => this.soFar.newOffsetOf(...args),
    };
  }

  async run(): Promise<RestoreReport> {
    const { source, options } = this;
    const { archive, topic } = source;
    if (options.log) await this.look(options.log);
    for (const partition of this.soFar.last.keys()) this.behind.add(partition);
    const beginsAt: Record<number, number> = {};
    let offsetCount = 0;
    for (const partition of await archive.partitions(topic)) {
      const first = (await archive.firstOffset(topic, partition)) ?? 0;
      if (first > 0) beginsAt[partition] = first;
      offsetCount += ((await archive.nextOffset(topic, partition)) ?? 0) - first;
    }
    const isMixed = source.partitionCount !== options.newPartitionCount;
    const unsent = new UnsentRecords();
    for await (const records of this.read(isMixed)) {
      for (const each of records) {
        this.archivedRecordCount++;
        if (!each.isMisplaced) await this.take({ source: each, key: each.record.key });
        else {
          this.misplacedRecordCount++;
          unsent.add(each);
        }
      }
      options.onProgress(this.archivedRecordCount, offsetCount);
    }
    for await (const each of unsent.withoutCopy(() => this.read(isMixed))) {
      this.misplacedRecordCount--;
      await this.take({ source: each, key: each.userId ?? each.record.key });
    }
    await this.flush();
    this.requireMet();
    options.onProgress(offsetCount, offsetCount);
    return {
      topic: source.newTopic,
      dryRun: options.dryRun,
      archivedRecordCount: this.archivedRecordCount,
      appendedRecordCount: this.appendedRecordCount,
      foundRecordCount: this.foundRecordCount,
      misplacedRecordCount: this.misplacedRecordCount,
      deadRecordCount: this.deadRecordCount,
      offsetsWithoutRecordCount: offsetCount - this.archivedRecordCount,
      beginsAt,
    };
  }

  private async *read(isMixed: boolean): AsyncGenerator<readonly SourceRecord[]> {
    for await (const records of sourceRecords(this.source, isMixed)) {
      this.options.signal.throwIfAborted();
      yield records;
    }
  }

  /** Reads what the log has that is not known. */
  private async look(log: EventLog): Promise<void> {
    const { signal, onLook, check } = this.options;
    await this.soFar.read({ log, topic: this.source.newTopic, signal, onLook });
    check(this.soFar);
  }

  private async take(outgoing: Outgoing): Promise<void> {
    const { source, key } = outgoing;
    if (!source.isSound) this.deadRecordCount++;
    const partition = partitionOf(key, this.options.newPartitionCount);
    if (this.behind.has(partition)) {
      this.meet(outgoing, partition);
      return;
    }
    const record = restoredRecord(source, key, this.placement);
    const folded = source.isSound ? source.event : undefined;
    if (!this.slice.fits(record, folded)) await this.flush();
    this.slice.add(record, folded);
    this.soFar.put(source.record, partition);
  }

  /** Passes over what the log has, and ends that where it has no more. */
  private meet({ source, key }: Outgoing, partition: number): void {
    this.foundRecordCount++;
    const last = this.soFar.last.get(partition);
    if (last?.partition !== source.record.partition || last.offset !== source.record.offset) return;
    const { value } = restoredRecord(source, key, this.placement);
    if (last.record?.key !== key || Buffer.compare(last.record.value, value) !== 0) throw this.anotherArchive();
    this.behind.delete(partition);
  }

  private requireMet(): void {
    if (this.behind.size > 0) throw this.anotherArchive();
  }

  private anotherArchive(): RestoreError {
    return new RestoreError(
      `topic ${this.source.newTopic} was restored from another archive than this one: name that one, or make the topic anew`,
    );
  }

  private async flush(): Promise<void> {
    const { records } = this.slice;
    this.slice = new RepeatableSlice();
    const { log, dryRun, signal } = this.options;
    signal.throwIfAborted();
    if (records.length > 0 && !dryRun && log) await this.append(log, records);
    this.appendedRecordCount += records.length;
  }

  private async append(log: EventLog, records: readonly NewRecord[]): Promise<void> {
    const positions = await log.append(this.source.newTopic, records).catch((error: unknown) => {
      if (!(error instanceof EventLogError) || error.code !== 'record-too-large') throw error;
      throw new RestoreError(
        `${this.source.newTopic} takes smaller records than the log that was archived: raise its max.message.bytes (${error.message})`,
        { cause: error },
      );
    });
    const ends = new Map<number, number>();
    for (const { partition, offset } of positions) ends.set(partition, offset + 1);
    for (const [partition, end] of ends) if (this.soFar.ends.get(partition) !== end) return this.lookAgain(log);
    this.soFar.confirm();
  }

  /**
   * The log has more than was sent to it. Where the slice came twice, as where an answer of Kafka was lost, states drop the second, and it
   * goes on; where somebody else writes, users' histories are no longer in order.
   */
  private async lookAgain(log: EventLog): Promise<void> {
    const expected = this.soFar.last;
    await this.look(log);
    for (const [newPartition, { partition, offset }] of this.soFar.last) {
      const own = expected.get(newPartition);
      if (own?.partition === partition && own.offset === offset) continue;
      throw new RestoreError(
        `another "npm run restore-log" writes to ${this.source.newTopic}: end both, make the topic anew, and run one`,
      );
    }
  }
}
