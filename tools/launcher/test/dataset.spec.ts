/**
 * `npm start -- --dataset table`, as built: from a CSV to a list, by one command. Needs the build that `npm test` makes first.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { LaunchReport } from '../src';

const MAIN = resolve(__dirname, '..', 'dist', 'main.js');
/** Far above what it takes; a busy machine may be slow. */
const LIMIT_MS = 300_000;
const DONE = 0;
const NO_SNAPSHOT = 3;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'watchnext-start-dataset-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

function start(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [MAIN, '--data', join(folder, 'data'), '--port', '0', '--once-and-exit', ...args],
    { encoding: 'utf8', timeout: LIMIT_MS },
  );
  return { status, text: stdout + stderr };
}

describe('npm start with a table', () => {
  it(
    'takes the proposed mapping, imports, trains, and prints a list',
    () => {
      // Users of two tastes, over five days, each of twenty videos once.
      const rows = Array.from({ length: 2_000 }, (_, i) => {
        const user = i % 100;
        const video = 2 * ((8 * user + 11 * Math.floor(i / 100)) % 30) + (user % 2);
        const atMs = Date.UTC(2026, 9, 1) + i * 216_000;
        return `u${user},v${video},${atMs},${20 + (i % 50)}`;
      });
      const log = join(folder, 'log.csv');
      writeFileSync(log, ['user_id,video_id,time_ms,watch_seconds', ...rows].join('\n'));
      const report = join(folder, 'report.json');
      const { status, text } = start('--dataset', 'table', '--path', log, '--yes', '--json', report);
      expect(text).toMatch(/Recommendations for u\d+/);
      expect([DONE, NO_SNAPSHOT]).toContain(status);
      const { dataset, firstList, training } = JSON.parse(readFileSync(report, 'utf8')) as LaunchReport;
      expect(dataset).toBe('table');
      expect(training).not.toBeNull();
      expect(firstList!.items).toHaveLength(10);
      expect(firstList!.items.every(({ videoId }) => /^v\d+$/.test(videoId))).toBe(true);
      expect(existsSync(`${log}.mapping.json`)).toBe(true);
    },
    LIMIT_MS,
  );

  it('goes on with what it was filled with, and with nothing else', () => {
    const mapping = join(folder, 'log.csv.mapping.json');
    expect(JSON.parse(readFileSync(join(folder, 'data', 'watchnext.json'), 'utf8'))).toMatchObject({
      path: join(folder, 'log.csv'),
      mapping,
      loaded: true,
    });
    const other = join(folder, 'other.csv');
    const { status, text } = start('--dataset', 'table', '--path', other, '--mapping', mapping);
    expect(text).toContain(
      `the data folder was filled otherwise: --path ${other} (it holds ${join(folder, 'log.csv')})`,
    );
    expect(text).toContain('Begin anew with --fresh');
    expect(status).toBe(1);
  });

  it('says what is wrong with the files before anything starts', () => {
    const { status, text } = start('--fresh', '--dataset', 'movietweetings', '--path', folder);
    expect(text).toMatch(/is no MovieTweetings folder: it lacks movies.dat, ratings.dat/);
    expect(text).not.toMatch(/start services|ingestion/);
    expect(status).toBe(1);
  });
});
