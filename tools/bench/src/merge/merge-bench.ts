/**
 * A day of small files, read by key as a training reads it, before they are merged and afterwards; each step in a process of its own, whose largest
 * resident memory is read at its end. From S3 each has an empty cache.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TOPICS } from '@watchnext/contract';
import { startTask } from '@watchnext/command-line';
import { temporaryFolder } from '@watchnext/end-to-end';
import type { EventArchive } from '@watchnext/event-archive';
import { DAY_MS } from '@watchnext/features';
import { archiveRecords, createTestBucket } from '@watchnext/testing';
import { measuredInProcess } from '../measured-process';
import { type BenchReport, report } from '../report';
import { type ArchiveLocation, openAt } from './archive-location';

export interface MergeBenchOptions {
  readonly files: number;
  readonly records: number;
  /** Of an S3 test server, where it is measured too. */
  readonly s3?: string;
}

export interface StepFigures {
  readonly seconds: number;
  readonly processorSeconds: number;
  readonly peakMemoryMiB: number;
  readonly recordCount: number;
}

interface PlaceFigures {
  readonly place: 'folder' | 'S3';
  readonly filesBefore: number;
  readonly filesAfter: number;
  /** Of those in a folder; the objects are the same files. */
  readonly bytesBefore?: number;
  readonly bytesAfter?: number;
  readonly readBefore: StepFigures;
  readonly merge: StepFigures;
  readonly readAfter: StepFigures;
}

const NOON_MS = Date.UTC(2026, 10, 23, 12);

export async function benchMerge(options: MergeBenchOptions): Promise<{ result: BenchReport; text: string }> {
  const { path, remove } = temporaryFolder('merge-bench');
  try {
    const folder = join(path, 'archive');
    const figures = [await measure('folder', options, () => ({ folder }))];
    if (options.s3 !== undefined) {
      const settings = await createTestBucket(options.s3);
      let caches = 0;
      figures.push(await measure('S3', options, () => ({ settings, cache: join(path, `cache-${caches++}`) })));
    }
    const { files, records } = options;
    return { result: report('merge-archive', { files, records }, figures), text: describe(figures) };
  } finally {
    await remove();
  }
}

/** @param at another cache for each step */
async function measure(
  place: PlaceFigures['place'],
  options: MergeBenchOptions,
  at: () => ArchiveLocation,
): Promise<PlaceFigures> {
  const location = at();
  const archive = openAt(location);
  const bytes = () => ('folder' in location ? bytesIn(location.folder) : undefined);
  try {
    await writeDay(archive, options);
    const filesBefore = (await archive.extent(TOPICS.activity)).fileCount;
    const bytesBefore = bytes();
    const readBefore = await inProcess(at(), 'read');
    const merge = await inProcess(at(), 'merge');
    const readAfter = await inProcess(at(), 'read');
    const filesAfter = (await archive.extent(TOPICS.activity)).fileCount;
    if (readAfter.recordCount !== readBefore.recordCount)
      throw new Error(`${readBefore.recordCount} records were read before, ${readAfter.recordCount} after`);
    return { place, filesBefore, filesAfter, bytesBefore, bytesAfter: bytes(), readBefore, merge, readAfter };
  } finally {
    await archive.close();
  }
}

function bytesIn(folder: string): number {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.parquet'));
  return names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

/** One partition's, and the beginning of the next, by which it is known to be over. */
async function writeDay(archive: EventArchive, { files, records }: MergeBenchOptions): Promise<void> {
  const task = startTask('Writing small files', 'files');
  for (let file = 0; file < files; file++) {
    const [from, to] = [file, file + 1].map((one) => Math.floor((one * records) / files)) as [number, number];
    await archive.write(TOPICS.activity, 0, archiveRecords(from, to - from, { atMs: NOON_MS }));
    task.update(file + 1, files);
  }
  await archive.write(TOPICS.activity, 0, archiveRecords(records, 1, { atMs: NOON_MS + DAY_MS }));
  task.finish();
}

const inProcess = (location: ArchiveLocation, step: 'read' | 'merge') =>
  measuredInProcess<StepFigures>(join(__dirname, 'merge-process.js'), [JSON.stringify(location), step]);

function describe(figures: readonly PlaceFigures[]): string {
  const row = (one: PlaceFigures) => {
    const { place, filesBefore, filesAfter, bytesBefore, bytesAfter, readBefore, merge, readAfter } = one;
    return [
      `| ${place} | ${filesBefore} | ${mebibytes(bytesBefore)} | ${cells(readBefore)} |`,
      `| … merged in ${merge.seconds.toFixed(1)} s (${merge.processorSeconds.toFixed(1)} s of processor, ${merge.peakMemoryMiB} MiB) | ${filesAfter} | ${mebibytes(bytesAfter)} | ${cells(readAfter)} |`,
    ];
  };
  return [
    '| | files | MiB | to read by key, s | of processor, s | largest memory, MiB |',
    '|---|--:|--:|--:|--:|--:|',
    ...figures.flatMap(row),
  ].join('\n');
}

const mebibytes = (bytes: number | undefined) => (bytes === undefined ? '' : (bytes / 2 ** 20).toFixed(2));

const cells = ({ seconds, processorSeconds, peakMemoryMiB }: StepFigures) =>
  `${seconds.toFixed(2)} | ${processorSeconds.toFixed(2)} | ${peakMemoryMiB}`;
