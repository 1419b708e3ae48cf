/**
 * The measured side of `bench import`, in a process of its own, so that its memory is its own:
 * node process.js import LOG MAPPING ARCHIVE DRAWN-LISTS, or node process.js validate ARCHIVE
 */
import { openParquetArchive } from '@watchnext/event-archive';
import { startTask } from '@watchnext/command-line';
import { importToArchive, validateArchive } from '@watchnext/datasets';
import { tellFigures } from '../tell-figures';

export interface ProcessFigures {
  readonly seconds: number;
  /** Largest of the whole process. */
  readonly peakMemoryMiB: number;
}

export interface ImportFigures extends ProcessFigures {
  readonly eventCount: number;
  /** Largest resident memory in each tenth of the work, whether it grows with the rows. */
  readonly readingMiB: readonly number[];
  readonly writingMiB: readonly number[];
}

export interface ValidateFigures extends ProcessFigures {
  /** Checks by verdict. */
  readonly verdicts: Readonly<Record<string, number>>;
}

const SAMPLE_EVERY_MS = 250;

async function importLog([log, mappingFile, archive, drawnLists]: string[]): Promise<ImportFigures> {
  const startedAt = performance.now();
  const reading: Sample[] = [];
  const writing: Sample[] = [];
  let [done, samples] = [0, reading];
  const sampling = setInterval(() => samples.push({ done, rssBytes: process.memoryUsage.rss() }), SAMPLE_EVERY_MS);
  let task = startTask('Reading', 'rows');
  const { sent } = await importToArchive('table', log, {
    archive,
    mappingFile,
    drawLists: drawnLists === 'true',
    onReading: (file, rows, totalRows) => task.update((done = rows), totalRows, file),
    onLoaded: () => {
      task.finish();
      task = startTask('Writing', 'events');
      [done, samples] = [0, writing];
    },
    onSent: (events, total) => task.update((done = events), total),
  });
  clearInterval(sampling);
  task.finish();
  return { ...figures(startedAt), eventCount: sent, readingMiB: byTenth(reading), writingMiB: byTenth(writing) };
}

async function validate([folder]: string[]): Promise<ValidateFigures> {
  const startedAt = performance.now();
  const task = startTask('Validating', 'records');
  const archive = openParquetArchive(folder);
  const findings = await validateArchive(archive, { onProgress: (done, total) => task.update(done, total) });
  await archive.close();
  task.finish();
  const verdicts: Record<string, number> = {};
  for (const { verdict } of findings) verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
  return { ...figures(startedAt), verdicts };
}

interface Sample {
  readonly done: number;
  readonly rssBytes: number;
}

function byTenth(samples: readonly Sample[]): number[] {
  const last = samples.at(-1)?.done ?? 0;
  const tenths: number[] = [];
  for (const { done, rssBytes } of samples) {
    const tenth = Math.min(9, Math.floor((10 * done) / Math.max(1, last)));
    tenths[tenth] = Math.max(tenths[tenth] ?? 0, mebibytes(rssBytes));
  }
  return Array.from(tenths, (value) => value ?? 0);
}

function figures(startedAt: number): ProcessFigures {
  return {
    seconds: (performance.now() - startedAt) / 1_000,
    // Kilobytes on Linux, and libuv makes it so elsewhere.
    peakMemoryMiB: Math.round(process.resourceUsage().maxRSS / 1_024),
  };
}

const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20);

const [job, ...rest] = process.argv.slice(2);
tellFigures(job === 'validate' ? validate(rest) : importLog(rest));
