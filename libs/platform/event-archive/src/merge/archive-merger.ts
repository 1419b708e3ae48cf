/**
 * Merges the small files of past days, partition by partition: a run of them into a larger one, and when that has been there for so long
 * that nobody reads the small ones any more, those are removed.
 *
 * Readers need no word of it: of a file that covers others they read the larger one (read-plan.ts), so at each step every record is
 * read once. Three rules keep it so, whoever is killed or works at the same time:
 * - A file is removed only while others account for its whole range.
 * - Small files are removed only once a look into them has shown that the larger one has all of their records.
 * - Where files that were read are gone when the larger one has come into its place, somebody has been forgotten meanwhile, and it is taken away
 *   again. A merge that was killed before it could look has left one with records that the small ones lack: the next merge puts another in its
 *   place. Whatever came into its place before a rewrite had ended, that rewrite has seen (archive-rewriter.ts).
 */
import { stat } from 'node:fs/promises';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { type ArchiveFile, type ArchivePlace, identityOf, isTopicName } from '../archive-files';
import { writeJoined } from '../copied-records';
import { inParallel } from '../in-parallel';
import {
  ArchiveCorruptError,
  ArchiveWriteError,
  EventArchiveError,
  type MergeOptions,
  type MergeReport,
} from '../port';
import { type FilePart, planReading } from '../read-plan';
import type { ArchiveStorage } from '../storage';
import { compareContents, type Difference } from './compare-contents';
import { accountFor, type Covering, planDay } from './merge-plan';

const PARALLEL_REMOVALS = 8;

/** What was read has been replaced since. */
class SourcesChangedError extends Error {}

type PartitionDay = Pick<ArchivePlace, 'day' | 'partition'> & { readonly topic: string };

export class ArchiveMerger {
  constructor(
    private readonly storage: ArchiveStorage,
    private readonly database: DuckDBInstance,
  ) {}

  async merge(topic: string, options: MergeOptions): Promise<MergeReport> {
    const connection = await this.database.connect();
    try {
      const run = new MergeRun(this.storage, connection, options);
      if (isTopicName(topic)) await run.mergeDays(topic);
      return run.report;
    } finally {
      connection.closeSync();
    }
  }
}

class MergeRun {
  readonly report = {
    mergedFileCount: 0,
    placedFileCount: 0,
    placedBytes: 0,
    removedFileCount: 0,
    waitingFileCount: 0,
    changedCount: 0,
    leftAlone: [] as MergeReport['leftAlone'][number][],
  } satisfies MergeReport;
  private readonly placedNow = new Set<string>();

  constructor(
    private readonly storage: ArchiveStorage,
    private readonly connection: DuckDBConnection,
    private readonly options: MergeOptions,
  ) {}

  /** From the newest day on, so that a partition's later file is seen first: days never decrease along it. */
  async mergeDays(topic: string): Promise<void> {
    const days = (await this.storage.listDays(topic)).reverse();
    const partitionsOver = new Set<number>();
    for (const [index, day] of days.entries()) {
      this.options.signal?.throwIfAborted();
      const files = await this.storage.listDayFiles(topic, day);
      const partitions = new Set(files.map(({ partition }) => partition));
      for (const partition of partitions) {
        this.options.onProgress?.(index, days.length, `${day}, partition ${partition}`);
        const own = files.filter((file) => file.partition === partition);
        if (partitionsOver.has(partition)) await this.mergeDay({ topic, day, partition }, own);
      }
      for (const partition of partitions) partitionsOver.add(partition);
      this.options.onProgress?.(index + 1, days.length);
    }
  }

  private async mergeDay(at: PartitionDay, files: readonly ArchiveFile[]): Promise<void> {
    if (files.length < 2) return;
    const sizes = new Map<ArchiveFile, number>();
    for (const file of files) sizes.set(file, await this.storage.sizeOf(file));
    const sizeOf = (file: ArchiveFile) => sizes.get(file) ?? 0;
    const { runs } = planDay(files, sizeOf, this.options.maxFileBytes);
    for (const run of runs)
      await this.withFiles(
        at,
        run.map(({ file }) => file),
        () => this.place(at, run),
      );
    const { coverings } = planDay(await this.list(at), () => 0, 0);
    for (const covering of coverings)
      await this.withFiles(at, [covering.file, ...covering.covered], () => this.settle(at, covering));
  }

  /** Work on files that another process may replace meanwhile, or that are damaged: neither keeps the rest from being merged. */
  private async withFiles(at: PartitionDay, files: readonly ArchiveFile[], work: () => Promise<void>): Promise<void> {
    this.options.signal?.throwIfAborted();
    try {
      await work();
    } catch (error) {
      const isChange = error instanceof SourcesChangedError;
      if (!isChange && !(error instanceof ArchiveCorruptError)) throw error;
      if (isChange || !includesAll(await this.list(at), files)) this.report.changedCount += 1;
      else this.leave(at, 'damaged', error.path);
    }
  }

  /** @param instead of files of the run's range, which are removed */
  private async place(at: PartitionDay, run: readonly FilePart[], instead: readonly ArchiveFile[] = []): Promise<void> {
    const sources = run.map(({ file }) => file);
    this.report.mergedFileCount += sources.length;
    this.report.placedFileCount += 1;
    if (this.options.dryRun) return;
    const place: ArchivePlace = {
      ...at,
      firstOffset: (sources[0] as ArchiveFile).firstOffset,
      lastOffset: (sources.at(-1) as ArchiveFile).lastOffset,
    };
    let placedBytes = 0;
    const write = async (incoming: string) => {
      await writeJoined(this.connection, this.storage, run, incoming, this.options.signal);
      placedBytes = (await stat(incoming)).size;
      const files = await this.list(at);
      const isCovered = files.some((file) => isWithin(place, file) && !includesAll(instead, [file]));
      if (isCovered || !includesAll(files, sources)) throw new SourcesChangedError();
    };
    try {
      const checksum = await this.storage.place(at.topic, place, write);
      await this.requireSources(at, identityOf({ ...place, checksum }), sources);
      this.placedNow.add(identityOf({ ...place, checksum }));
      this.report.placedBytes += placedBytes;
      for (const file of instead) if (file.checksum !== checksum) await this.storage.remove(at.topic, file);
    } catch (error) {
      this.report.mergedFileCount -= sources.length;
      this.report.placedFileCount -= 1;
      const passes =
        error instanceof SourcesChangedError ||
        error instanceof EventArchiveError ||
        this.options.signal?.aborted === true;
      throw passes ? error : new ArchiveWriteError(this.storage.describe(at.topic, place), { cause: error });
    }
  }

  /** Takes a file away again that was made of what is no longer there. */
  private async requireSources(at: PartitionDay, placed: string, sources: readonly ArchiveFile[]): Promise<void> {
    const files = await this.list(at);
    if (includesAll(files, sources)) return;
    const own = files.find((file) => identityOf(file) === placed);
    const others = files.filter((file) => file !== own);
    if (own && accountFor(others, own)) await this.storage.remove(at.topic, own);
    throw new SourcesChangedError();
  }

  /** What becomes of the small files of a larger one, and of others that have its range. */
  private async settle(at: PartitionDay, { file, covered }: Covering): Promise<void> {
    const smaller = covered.filter((one) => !isWithin(file, one));
    if (accountFor(smaller, file)) {
      const sameRange = covered.filter((one) => isWithin(file, one));
      return this.settleBySmaller(at, [file, ...sameRange], smaller);
    }
    // A removal that was cut off: what is left of the small ones has been looked into, and somebody may have been forgotten since.
    const { more, fewer } = await this.compare({ file, covered });
    if (fewer || (more && covered.length > smaller.length)) this.leave(at, 'differs', file.path);
    else await this.removeIfDue(at, file, covered);
  }

  /** While all small files are there they tell which of the larger ones is as they are. */
  private async settleBySmaller(
    at: PartitionDay,
    candidates: readonly ArchiveFile[],
    smaller: readonly ArchiveFile[],
  ): Promise<void> {
    const equal: ArchiveFile[] = [];
    const outdated: ArchiveFile[] = [];
    for (const file of candidates) {
      const { more, fewer } = await this.compare({ file, covered: smaller });
      // A rewrite is under way or was cut off: it is for that one, or the next, to finish.
      if (fewer) return this.leave(at, 'differs', file.path);
      (more ? outdated : equal).push(file);
    }
    const [kept, ...copies] = equal;
    if (kept === undefined) {
      const parts = planReading(smaller).flatMap((plan) => plan.parts);
      return this.place(at, parts, outdated);
    }
    if (!this.options.dryRun) for (const file of outdated) await this.storage.remove(at.topic, file);
    await this.removeIfDue(at, kept, [...smaller, ...copies]);
  }

  /** What another run has placed is looked into before its time has come: it may have been killed before it was sure of it. */
  private async compare(covering: Covering): Promise<Difference> {
    const isCertain = this.options.graceMs > 0 && this.placedNow.has(identityOf(covering.file));
    if (isCertain) return { more: false, fewer: false };
    return compareContents(this.connection, this.storage, covering, this.options.signal);
  }

  private async removeIfDue(at: PartitionDay, kept: ArchiveFile, files: readonly ArchiveFile[]): Promise<void> {
    const { graceMs, signal, dryRun } = this.options;
    const placedAtMs = await this.storage.placedAtMs(kept);
    if (placedAtMs === undefined) throw new SourcesChangedError();
    if (graceMs > 0 && (Date.now() - placedAtMs < graceMs || this.placedNow.has(identityOf(kept)))) {
      this.report.waitingFileCount += files.length;
      return;
    }
    await inParallel(files, PARALLEL_REMOVALS, async (file) => {
      signal?.throwIfAborted();
      if (!dryRun) await this.storage.remove(at.topic, file);
      this.report.removedFileCount += 1;
    });
  }

  private list({ topic, day, partition }: PartitionDay): Promise<ArchiveFile[]> {
    return this.storage.listDayFiles(topic, day, partition);
  }

  private leave({ day, partition }: PartitionDay, reason: 'differs' | 'damaged', path: string): void {
    this.report.leftAlone.push({ day, partition, reason, path });
  }
}

const isWithin = (inner: ArchivePlace, outer: ArchivePlace) =>
  outer.firstOffset <= inner.firstOffset && outer.lastOffset >= inner.lastOffset;

function includesAll(files: readonly ArchiveFile[], wanted: readonly ArchiveFile[]): boolean {
  const there = new Set(files.map(identityOf));
  return wanted.every((file) => there.has(identityOf(file)));
}
