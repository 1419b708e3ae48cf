/**
 * Takes records out of files for good, file by file: what is placed first is complete before what it replaces goes.
 *
 * A merge may place a file of records that it had read before. So it is over only when a listing shows no file that has not been looked into: one
 * that comes into its place later is taken away by the merge itself, which finds files gone that it had read (merge/archive-merger.ts).
 */
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { LogRecord } from '@watchnext/event-log';
import { type ArchiveFile, identityOf, isTopicName } from './archive-files';
import { writeWithout } from './copied-records';
import { readByOffset } from './parquet-reader';
import { ArchiveWriteError, EventArchiveError, type RewriteReport } from './port';
import type { FilePart } from './read-plan';
import type { ArchiveStorage } from './storage';

export class ArchiveRewriter {
  constructor(
    private readonly storage: ArchiveStorage,
    private readonly database: DuckDBInstance,
  ) {}

  async rewrite(topic: string, keep: (record: LogRecord) => boolean): Promise<RewriteReport> {
    const report = { fileCount: 0, rewrittenFileCount: 0, removedRecordCount: 0 };
    if (!isTopicName(topic)) return report;
    const seen = new Set<string>();
    const connection = await this.database.connect();
    try {
      let files = await this.storage.listFiles(topic);
      const ends = endsOf(files);
      while (files.length > 0) {
        for (const file of files) {
          seen.add(identityOf(file));
          const { removed, placed } = await this.rewriteFile(connection, topic, file, keep);
          report.fileCount++;
          if (placed === undefined) continue;
          seen.add(placed);
          report.rewrittenFileCount++;
          report.removedRecordCount += removed;
        }
        // What archivers append meanwhile lies beyond, and is not waited for.
        files = (await this.storage.listFiles(topic)).filter(
          (file) => !seen.has(identityOf(file)) && file.firstOffset < (ends.get(file.partition) ?? 0),
        );
      }
    } finally {
      connection.closeSync();
    }
    return report;
  }

  /** Once to find the records, and once to leave them out: a file may be larger than memory. */
  private async rewriteFile(
    connection: DuckDBConnection,
    topic: string,
    file: ArchiveFile,
    keep: (record: LogRecord) => boolean,
  ): Promise<{ readonly removed: number; readonly placed?: string }> {
    const part: FilePart = { file, fromOffset: undefined };
    const plan = { partition: file.partition, parts: [part], gap: undefined };
    const goneOffsets: number[] = [];
    let isWriting = false;
    try {
      for await (const records of readByOffset({ connection, storage: this.storage, topic, plan })) {
        for (const record of records) if (!keep(record)) goneOffsets.push(record.offset);
      }
      if (goneOffsets.length === 0) return { removed: 0 };
      isWriting = true;
      const checksum = await this.storage.place(topic, file, async (incoming) => {
        const { parts, release } = await this.storage.fetch([part], false);
        try {
          await writeWithout(connection, parts[0] as FilePart, goneOffsets, incoming);
        } finally {
          release();
        }
      });
      if (checksum !== file.checksum) await this.storage.remove(topic, file);
      return { removed: goneOffsets.length, placed: identityOf({ ...file, checksum }) };
    } catch (error) {
      // A merge has removed it, and placed what the next listing shows.
      if ((await this.storage.placedAtMs(file)) === undefined) return { removed: 0 };
      if (!isWriting || error instanceof EventArchiveError) throw error;
      throw new ArchiveWriteError(this.storage.describe(topic, file), { cause: error });
    }
  }
}

/** One after the last offset, by partition. */
function endsOf(files: readonly ArchiveFile[]): Map<number, number> {
  const ends = new Map<number, number>();
  for (const { partition, lastOffset } of files)
    ends.set(partition, Math.max(ends.get(partition) ?? 0, lastOffset + 1));
  return ends;
}
