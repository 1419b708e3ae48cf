import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import fsPromises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ProgressTask } from '@watchnext/command-line';
import { TOPICS } from '@watchnext/contract';
import { type EventArchive, sqlText } from '@watchnext/event-archive';
import { type Experiment, type Look, METRIC_NAMES, metricOf, type MetricName } from '@watchnext/experiments';
import { DAY_MS } from '@watchnext/features';
import { eventOf, impressionItemOf, impressionsServedOf } from '@watchnext/testing';
import { archiveExperiment, archiveOf, fileWith, START_MS } from '../test/archived-experiment';
import { columnOf, exportUsers, FileExistsError } from './export-users';
import { type ExperimentReport, NotStartedError, reportExperiment } from './report';
import { InterleavedError } from './treatments';

type Row = Record<string, string | number | bigint | null>;

const NOW_MS = START_MS + 5 * DAY_MS;
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const covariance = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + (value - mean(a)) * (b[i] - mean(b)), 0) / (a.length - 1);

/** The textbook's way, user by user: ratios linearised, then what the covariate explains of them taken out. */
function recompute(arms: readonly (readonly Row[])[], name: MetricName) {
  const numbersOf = (rows: readonly Row[], column: string) => rows.map((row) => row[column] as number);
  const own = arms.map((rows) => {
    const n = numbersOf(rows, `${columnOf(name)}_numerator`);
    const d = numbersOf(rows, `${columnOf(name)}_denominator`);
    const value = mean(n) / mean(d);
    const linear = n.map((numerator, i) => value + (numerator - value * d[i]) / mean(d));
    return { value, linear, x: numbersOf(rows, 'covariate_watch_seconds') };
  });
  const sum = (of: (arm: (typeof own)[number]) => number) => own.reduce((total, arm) => total + of(arm), 0);
  const theta = metricOf(name).usesCovariate
    ? sum(({ linear, x }) => x.length * covariance(linear, x)) / sum(({ x }) => x.length * covariance(x, x))
    : 0;
  const overall = mean(own.flatMap(({ x }) => x));
  const [control, treatment] = own.map(({ value, linear, x }) => {
    const rest = linear.map((one, i) => one - theta * x[i]);
    return { value: value - theta * (mean(x) - overall), variance: covariance(rest, rest) / rest.length };
  });
  const relative = ({ value, variance }: { value: number; variance: number }) => variance / value ** 2;
  return {
    controlValue: control.value,
    treatmentValue: treatment.value,
    difference: treatment.value - control.value,
    lift: treatment.value / control.value - 1,
    information: 1 / (relative(control) + relative(treatment)),
  };
}

describe('the table of the users of a report', () => {
  const folder = mkdtempSync(join(tmpdir(), 'watchnext-export-'));
  const tables = join(folder, 'tables of "users"');
  const path = (name: string) => join(folder, name);
  let questions = 0;
  const task: ProgressTask = {
    update: (done) => (questions = done),
    note: () => undefined,
    finish: () => undefined,
    abandon: () => undefined,
  };
  let archive: EventArchive;
  let experiment: Experiment;
  let report: ExperimentReport;
  const ask = (sql: string) => archive.analyse(TOPICS.activity, {}, (table) => table.rows(sql)) as Promise<Row[]>;
  const write = (name: string) => exportUsers(archive, experiment, NOW_MS, path(name), task);
  const newest = (name: MetricName): Look =>
    report.comparisons[0].metrics.find(({ metric }) => metric === name)!.looks.at(-1)!;

  beforeAll(async () => {
    const file = fileWith();
    experiment = file.experiments[0];
    ({ archive } = await archiveExperiment(tables, file, { users: 600, days: 5, lift: 0.5, machines: 6 }));
    report = await reportExperiment(archive, experiment, NOW_MS);
  });
  afterAll(async () => {
    await archive.close();
    rmSync(folder, { recursive: true });
  });

  it('gives the means, differences, errors and sample ratio of the report to who computes them anew', async () => {
    const told = await write('users.parquet');
    const rows = await ask(`FROM ${sqlText(path('users.parquet'))}`);
    expect(rows).toHaveLength(told.rowCount);
    expect(questions).toBeGreaterThan(10);
    const variants = ['control', 'treatment'];
    const arms = variants.map((variant) =>
      rows.filter((row) => row['variant'] === variant && row['left_out'] === null),
    );
    expect(arms.map(({ length }) => length)).toEqual(report.quality!.sampleRatio.counts);
    expect(told.compared).toEqual(variants.map((variant, i) => ({ variant, users: arms[i].length })));
    for (const name of METRIC_NAMES) {
      const found = recompute(arms, name);
      for (const [key, value] of Object.entries(found)) {
        const reported = newest(name)[key as keyof typeof found];
        expect(Math.abs(value / reported - 1)).toBeLessThan(1e-8);
      }
    }
    const programs = report.quality!.machines.reduce((sum, count) => sum + count, 0);
    expect(programs).toBeGreaterThan(0);
    expect(new Map(told.leftOut.map(({ reason, users }) => [reason, users]))).toEqual(
      new Map([
        ['program', programs],
        ['tester', 1],
      ]),
    );
    expect(rows.find(({ user_id: id }) => id === 'tess')).toMatchObject({ variant: 'treatment', left_out: 'tester' });
  });

  it('holds of a user what the metrics need, and nothing else', async () => {
    await write('columns.parquet');
    const columns = await ask(`DESCRIBE FROM ${sqlText(path('columns.parquet'))}`);
    expect(columns.map((row) => `${row['column_name'] as string} ${row['column_type'] as string}`)).toEqual([
      'user_id VARCHAR',
      'variant VARCHAR',
      'assigned_at_ms BIGINT',
      'cohort_country VARCHAR',
      'cohort_device VARCHAR',
      'cohort_past VARCHAR',
      'left_out VARCHAR',
      'covariate_watch_seconds DOUBLE',
      ...METRIC_NAMES.flatMap((name) =>
        ['_numerator', '_denominator', ''].map((part) => `${columnOf(name)}${part} DOUBLE`),
      ),
    ]);
    expect(METRIC_NAMES.map(columnOf)).toEqual(expect.arrayContaining(['watch_seconds_per_user', 'latency_ms']));
  });

  it('is the same in either format', async () => {
    await write('same.parquet');
    await write('same.csv');
    const [parquet, csv] = ['same.parquet', 'same.csv'].map((name) => `FROM ${sqlText(path(name))}`);
    expect(await ask(`${parquet} EXCEPT ${csv}`)).toEqual([]);
    expect(await ask(`${csv} EXCEPT ${parquet}`)).toEqual([]);
  });

  it('computes the figure of the documentation', async () => {
    await write('documented.parquet');
    const page = readFileSync(resolve(__dirname, '..', '..', '..', 'docs', 'experiments.md'), 'utf8');
    const sql = /```sql\n([^]*?)```/.exec(page)![1];
    const rows = await ask(sql.replace("'users.parquet'", sqlText(path('documented.parquet'))));
    const { controlUsers, treatmentUsers, controlValue, treatmentValue } = newest('watchSecondsPerUser');
    expect(rows.map((row) => Number(row['users']))).toEqual([controlUsers, treatmentUsers]);
    expect(rows[0]['watch_seconds_per_user']).toBeCloseTo(controlValue, 6);
    expect(rows[1]['watch_seconds_per_user']).toBeCloseTo(treatmentValue, 6);
  });

  it('replaces nothing, and leaves nothing unfinished behind', async () => {
    writeFileSync(path('there.csv'), 'of somebody else');
    await expect(write('there.csv')).rejects.toThrow(FileExistsError);
    expect(readFileSync(path('there.csv'), 'utf8')).toBe('of somebody else');
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('needs no links of the file system, and replaces nothing there either', async () => {
    const refused = Object.assign(new Error('EPERM: of the test'), { code: 'EPERM' });
    const link = jest.spyOn(fsPromises, 'link').mockRejectedValue(refused);
    const { rowCount } = await write('copied.csv');
    await expect(write('copied.csv')).rejects.toThrow(FileExistsError);
    expect(link).toHaveBeenCalledTimes(2);
    link.mockRestore();
    expect(await ask(`FROM ${sqlText(path('copied.csv'))}`)).toHaveLength(rowCount);
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('keeps those who are left out, and says why', async () => {
    const variants = [
      { name: 'control', share: 0.5 },
      { name: 'treatment', share: 0.5 },
      { name: 'withdrawn', share: 0 },
    ];
    const [withThree] = fileWith({ variants }).experiments;
    const served = (userId: string, variantId: string, second: number) => ({
      key: userId,
      event: eventOf(
        impressionsServedOf(userId, [impressionItemOf('v', { impressionId: `${second}-0` })], {
          requestId: String(second),
          assignments: [{ experimentId: 'better', variantId, overridden: false }],
        }),
        START_MS + 1_000 * second,
      ),
    });
    const moved = await archiveOf(path('moved'), [
      served('una', 'control', 1),
      served('una', 'treatment', 2),
      served('vera', 'withdrawn', 3),
      served('wim', 'treatment', 4),
    ]);
    const told = await exportUsers(moved, withThree, NOW_MS, path('left-out.csv'), task);
    await moved.close();
    expect(told).toMatchObject({
      rowCount: 3,
      compared: [
        { variant: 'control', users: 0 },
        { variant: 'treatment', users: 1 },
      ],
    });
    const rows = await ask(
      `SELECT user_id, variant, left_out, lists_per_user, watch_seconds_per_impression, clicks_per_impression_denominator
       FROM ${sqlText(path('left-out.csv'))}`,
    );
    const shown = { lists_per_user: 1, watch_seconds_per_impression: 0, clicks_per_impression_denominator: 1 };
    expect(rows).toEqual([
      {
        ...shown,
        user_id: 'una',
        variant: 'control',
        left_out: 'several variants',
        lists_per_user: 2,
        clicks_per_impression_denominator: 2,
      },
      { ...shown, user_id: 'vera', variant: 'withdrawn', left_out: 'variant without a share' },
      { ...shown, user_id: 'wim', variant: 'treatment', left_out: null },
    ]);
  });

  it('is none before the start, nor where users are in both variants', async () => {
    await expect(exportUsers(archive, experiment, START_MS, path('early.csv'), task)).rejects.toThrow(NotStartedError);
    const [interleaved] = fileWith({ design: 'interleaved' }).experiments;
    await expect(exportUsers(archive, interleaved, NOW_MS, path('both.csv'), task)).rejects.toThrow(InterleavedError);
  });
});
