/** npm run merge-archive as built, on an archive in a folder; needs the build that `npm test` makes first. */
import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { embeddedPaths } from '@watchnext/config';
import { TOPICS } from '@watchnext/contract';
import { openParquetArchive } from '@watchnext/event-archive';
import { DAY_MS } from '@watchnext/features';
import { archiveRecords, readAll, runBuilt, temporaryDirectory } from '@watchnext/testing';

const PROGRAM = resolve(__dirname, '..', 'dist', 'commands', 'merge-archive.js');
const NOON_MS = Date.UTC(2026, 10, 23, 12);
/** Preloaded, it tells the program to stop when the first merged file is written, and not in its place yet. */
const STOPPED_WHEN_WRITTEN = `
  const { DuckDBConnection } = require('node:module').createRequire(process.argv[1])('@duckdb/node-api');
  const { runAndReadAll } = DuckDBConnection.prototype;
  DuckDBConnection.prototype.runAndReadAll = async function (sql, ...rest) {
    const result = await runAndReadAll.call(this, sql, ...rest);
    if (!/^COPY .*\\/\\.incoming\\//s.test(sql)) return result;
    DuckDBConnection.prototype.runAndReadAll = runAndReadAll;
    // Waiting for a signal alone keeps no process alive.
    const alive = setInterval(() => undefined, 1_000);
    const told = new Promise((resolve) => process.once('SIGTERM', resolve));
    process.kill(process.pid, 'SIGTERM');
    await told;
    clearInterval(alive);
    return result;
  };
`;

describe('npm run merge-archive', () => {
  let directory: { path: string; remove(): Promise<void> };
  const run = (...args: string[]) => runBuilt(PROGRAM, args, { WATCHNEXT_DATA_DIR: directory.path });
  const folder = () => embeddedPaths(directory.path).archive;
  const files = () =>
    readdirSync(join(folder(), TOPICS.activity), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.parquet'),
    );

  beforeEach(async () => {
    directory = await temporaryDirectory('merge-archive');
    const archive = openParquetArchive(folder());
    for (const from of [0, 100, 200]) await archive.write(TOPICS.activity, 0, archiveRecords(from, 100));
    await archive.write(TOPICS.activity, 0, archiveRecords(300, 10, { atMs: NOON_MS + DAY_MS }));
    await archive.close();
  });
  afterEach(() => directory.remove());

  it('merges by and by: says what it would do, places, and removes once the time of grace is over', async () => {
    expect(run('--dry-run')).toEqual({ status: 0, text: expect.stringMatching(/"dryRun":true,"mergedFileCount":3,/) });
    expect(files()).toHaveLength(4);
    expect(run()).toEqual({ status: 0, text: expect.stringMatching(/"mergedFileCount":3,"placedFileCount":1,/) });
    expect(files()).toHaveLength(5);
    expect(run()).toEqual({ status: 0, text: expect.stringMatching(/"removedFileCount":0,"waitingFileCount":3/) });
    expect(run('--grace', '0')).toEqual({ status: 0, text: expect.stringMatching(/"removedFileCount":3/) });
    expect(files()).toHaveLength(2);
    const archive = openParquetArchive(folder());
    expect(await readAll(archive, TOPICS.activity, { order: 'offset' })).toHaveLength(310);
    await archive.close();
  });

  it('ends with 3 where a file is damaged, and names it', async () => {
    const [damaged] = files().sort() as [string];
    await writeFile(join(folder(), TOPICS.activity, damaged), 'no Parquet');
    const { status, text } = run();
    expect({ status, text }).toEqual({ status: 3, text: expect.stringMatching(/cannot be read: restore it/) });
    expect(text).toContain(damaged);
    expect(files()).toHaveLength(4);
  });

  it('ends with 143 where it is told to stop, and leaves what the next run goes on with', async () => {
    const archive = openParquetArchive(folder());
    for (const partition of [1, 2, 3, 4, 5]) {
      for (const from of [0, 5])
        await archive.write(TOPICS.activity, partition, archiveRecords(from, 5, { partition }));
      await archive.write(TOPICS.activity, partition, archiveRecords(10, 5, { partition, atMs: NOON_MS + DAY_MS }));
    }
    await archive.close();
    const before = files();
    const preload = join(directory.path, 'preload.js');
    await writeFile(preload, STOPPED_WHEN_WRITTEN);
    const env = { WATCHNEXT_DATA_DIR: directory.path, NODE_OPTIONS: `--require ${preload}` };
    expect(runBuilt(PROGRAM, [], env)).toEqual({ status: 143, text: expect.stringContaining('the next run goes on') });
    // It was at the first of six.
    expect(files()).toEqual(before);
    expect(readdirSync(join(folder(), TOPICS.activity, '.incoming'))).toEqual([]);
    expect(run('--grace', '0').status).toBe(0);
    expect(files()).toHaveLength(12);
  });
});
