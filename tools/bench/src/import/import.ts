/**
 * A log of many rows from CSV into an archive, in a process of its own, whose largest resident memory is read at its end.
 * The rows come user by user, not in order of time, so the import has to sort all of them.
 */
import { temporaryFolder } from '@watchnext/end-to-end';
import { once } from 'node:events';
import { createWriteStream, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '@watchnext/learning';
import { measuredInProcess } from '../measured-process';
import { report, type BenchReport } from '../report';
import type { ImportFigures, ValidateFigures } from './process';

export interface ImportBenchOptions {
  readonly rows: number;
  readonly rowsPerUser: number;
  readonly videos: number;
  readonly drawnLists: boolean;
  /** Also validates the archive, as `npm run validate -- archive` does. */
  readonly validate: boolean;
  readonly folder?: string;
}

const MAPPING = {
  log: {
    userId: 'user',
    videoId: 'video',
    time: { column: 'time', unit: 'ms' },
    watchSeconds: { column: 'seconds', unit: 's' },
  },
};
const FIRST_MS = Date.UTC(2024, 0);
const DAYS = 365;

export async function benchImport(options: ImportBenchOptions): Promise<{ result: BenchReport; text: string }> {
  const { rows, rowsPerUser, videos, drawnLists, validate } = options;
  const { path: folder, remove } = temporaryFolder('import-bench', options.folder);
  try {
    const log = join(folder, 'log.csv');
    const mapping = join(folder, 'mapping.json');
    writeFileSync(mapping, JSON.stringify(MAPPING));
    await writeLog(log, options);
    const archive = join(folder, 'archive');
    const figures = await inProcess<ImportFigures>('import', log, mapping, archive, String(drawnLists));
    const validated = validate ? await inProcess<ValidateFigures>('validate', archive) : undefined;
    const found = {
      ...figures,
      rowsPerSecond: Math.round(rows / figures.seconds),
      csvMiB: Math.round(statSync(log).size / 2 ** 20),
      archiveFiles: readdirSync(archive, { recursive: true }).filter((name) => String(name).endsWith('.parquet'))
        .length,
    };
    const text = [
      `${rows.toLocaleString('en-US')} rows (${found.csvMiB} MiB of CSV) in ${figures.seconds.toFixed(0)} s: ` +
        `${found.rowsPerSecond.toLocaleString('en-US')} a second`,
      `largest resident memory: ${figures.peakMemoryMiB} MiB; by tenths of the reading ${figures.readingMiB.join(', ')}, ` +
        `of the writing ${figures.writingMiB.join(', ')}`,
      `${figures.eventCount.toLocaleString('en-US')} events in ${found.archiveFiles} files`,
      ...(validated === undefined ? [] : [describeValidation(validated)]),
    ].join('\n');
    return {
      result: report(
        'import',
        { rows, rowsPerUser, videos, drawnLists },
        { ...found, ...(validated && { validated }) },
      ),
      text,
    };
  } finally {
    await remove();
  }
}

const inProcess = <Figures>(...job: string[]) => measuredInProcess<Figures>(join(__dirname, 'process.js'), job);

function describeValidation({ seconds, peakMemoryMiB, verdicts }: ValidateFigures): string {
  const checks = Object.entries(verdicts).map(([verdict, count]) => `${count} ${verdict}`);
  return `validated in ${seconds.toFixed(0)} s, largest resident memory ${peakMemoryMiB} MiB: ${checks.join(', ')}`;
}

/** Users one after the other, each with watches at random times of the year. */
async function writeLog(file: string, { rows, rowsPerUser, videos }: ImportBenchOptions): Promise<void> {
  const random = createRandom(1);
  const output = createWriteStream(file);
  let text = 'user,video,time,seconds\n';
  for (let row = 0; row < rows; row++) {
    // Squared: some videos are watched far more than others.
    const video = Math.floor(videos * random.next() ** 2);
    const atMs = FIRST_MS + Math.floor(random.next() * DAYS * 86_400_000);
    text += `u${Math.floor(row / rowsPerUser)},v${video},${atMs},${random.nextInt(300)}\n`;
    if (text.length < 1 << 20) continue;
    if (!output.write(text)) await once(output, 'drain');
    text = '';
  }
  output.end(text);
  await once(output, 'finish');
}
