/**
 * The users of a report as a table, for whoever computes something else from them, or the same again: one row for each, with what every
 * metric counts of them. It is made of the very tables that the report sums up.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ProgressTask } from '@watchnext/command-line';
import { TOPICS } from '@watchnext/contract';
import { type ArchiveTable, type EventArchive, sqlText } from '@watchnext/event-archive';
import { type Experiment, METRIC_NAMES, metricOf, type MetricName } from '@watchnext/experiments';
import { linkOrCopy, syncPath } from '@watchnext/folder-lock';
import { countingQueries } from './archive-progress';
import { firstDayOf } from './exposure-tables';
import { USER_TOTALS } from './read-moments';
import { periodOf, readUsers } from './report';
import { InterleavedError, treatmentsOf } from './treatments';

/** How DuckDB writes what a file's name ends in. */
const FORMATS = {
  parquet: 'FORMAT parquet, COMPRESSION zstd',
  csv: 'FORMAT csv, HEADER',
} as const;
type TableFormat = keyof typeof FORMATS;

/** @returns undefined for a file that would be of neither format */
export const formatOf = (path: string): TableFormat | undefined =>
  (Object.keys(FORMATS) as TableFormat[]).find((format) => path.endsWith(`.${format}`));

export interface UserExport {
  readonly untilMs: number;
  readonly rowCount: number;
  /** Of each variant: users that the report compares. */
  readonly compared: readonly { readonly variant: string; readonly users: number }[];
  readonly leftOut: readonly { readonly reason: string; readonly users: number }[];
  /** Why the report of these users shows no result; empty where it shows one. */
  readonly objections: readonly string[];
}

/** Somebody else's file is never replaced, whenever it came. */
export class FileExistsError extends Error {}

/** @throws NotStartedError, NoTreatmentError, InterleavedError, FileExistsError; EventArchiveError, also for a disk that is full */
export async function exportUsers(
  archive: EventArchive,
  experiment: Experiment,
  nowMs: number,
  path: string,
  task: ProgressTask,
): Promise<UserExport> {
  const format = formatOf(path);
  if (format === undefined) throw new RangeError(`${path} ends neither in .parquet nor in .csv`);
  const { untilMs } = periodOf(experiment, nowMs);
  if (experiment.design === 'interleaved')
    throw new InterleavedError(
      experiment,
      'users of an interleaved experiment are in both variants: there is no table of users and variants',
    );
  treatmentsOf(experiment);
  const { start: startMs, covariateDays } = experiment;
  return archive.analyse(TOPICS.activity, { fromDay: firstDayOf({ startMs, covariateDays }) }, async (asked) => {
    const table = countingQueries(asked, task);
    const { quality, snapshots } = await readUsers(table, experiment, untilMs);
    await table.run(
      `CREATE OR REPLACE TEMP TABLE exported AS SELECT ${columnsOf(experiment).join(', ')} FROM ${USER_TOTALS}`,
    );
    await writeNew(table, path, FORMATS[format]);
    const counts = (await table.rows(
      'SELECT variant, left_out, count(*)::DOUBLE AS users FROM exported GROUP BY ALL ORDER BY ALL',
    )) as { variant: string; left_out: string | null; users: number }[];
    const usersWhere = (is: (row: (typeof counts)[number]) => boolean) =>
      counts.filter(is).reduce((sum, { users }) => sum + users, 0);
    const reasons = new Set(counts.flatMap(({ left_out: reason }) => reason ?? []));
    return {
      untilMs,
      rowCount: usersWhere(() => true),
      compared: experiment.variants
        .filter(({ share }) => share > 0)
        .map(({ name }) => ({
          variant: name,
          users: usersWhere(({ variant, left_out: reason }) => variant === name && reason === null),
        })),
      leftOut: [...reasons].map((reason) => ({ reason, users: usersWhere((row) => row.left_out === reason) })),
      objections: [...quality.objections, ...snapshots.objections],
    };
  });
}

/** As a column's name; those of metrics are their definitions' in the letters of SQL. */
export const columnOf = (name: MetricName): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function columnsOf({ variants }: Experiment): string[] {
  const names = variants.map(({ name }) => sqlText(name)).join(', ');
  const withoutShare = variants.flatMap(({ share }, index) => (share > 0 ? [] : [index]));
  return [
    'user_id',
    `[${names}][variant + 1] AS variant`,
    'first_ms AS assigned_at_ms',
    ...['country', 'device'].map((name) => `coalesce(nullif(${name}, ''), 'unknown') AS cohort_${name}`),
    'past AS cohort_past',
    withoutShare.length === 0
      ? 'left_out'
      : `coalesce(left_out, CASE WHEN variant IN (${withoutShare.join(', ')}) THEN 'variant without a share' END) AS left_out`,
    'covariate::DOUBLE AS covariate_watch_seconds',
    ...METRIC_NAMES.flatMap((name) => {
      const { numerator, denominator } = metricOf(name);
      const [above, below] = [`"${numerator}"`, denominator === undefined ? '1' : `"${denominator}"`];
      return [
        `${above}::DOUBLE AS ${columnOf(name)}_numerator`,
        `${below}::DOUBLE AS ${columnOf(name)}_denominator`,
        `${above} / nullif(${below}, 0) AS ${columnOf(name)}`,
      ];
    }),
  ];
}

/** All of the file appears under its name at once, or nothing does; on file systems without links it is seen while it is copied. */
async function writeNew(table: ArchiveTable, path: string, format: string): Promise<void> {
  const incoming = `${path}.${randomUUID()}.part`;
  try {
    await table.run(`COPY (FROM exported ORDER BY user_id) TO ${sqlText(incoming)} (${format})`);
    await syncPath(incoming);
    // Unlike a rename it fails where another file has taken the name meanwhile.
    await linkOrCopy(incoming, path).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'EEXIST' ? new FileExistsError(`${path} is there already, and is left as it is`) : error;
    });
    // A copy has bytes of its own.
    await syncPath(path);
    await syncPath(dirname(path));
  } finally {
    await rm(incoming, { force: true });
  }
}
