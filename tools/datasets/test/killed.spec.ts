/** An import into an archive that is killed with SIGKILL in the middle, and run again. Needs the build. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TOPICS } from '@watchnext/contract';
import { openParquetArchive } from '@watchnext/event-archive';
import { temporaryDirectory } from '@watchnext/testing';

const MAIN = resolve(__dirname, '..', 'dist', 'main.js');
/** Far above what it takes; a busy machine may be slow. */
const LIMIT_MS = 300_000;
/** Preloaded, it kills the program as soon as the first file of its archive is in its place. */
const KILLED_WITH_A_FILE = `
  const files = require('node:fs/promises');
  const { rename } = files;
  files.rename = async (from, to) => {
    await rename(from, to);
    if (to.endsWith('.parquet')) process.kill(process.pid, 'SIGKILL');
  };
`;

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => (folder = await temporaryDirectory('killed')));
afterAll(() => folder.remove());

const args = (log: string, archive: string) => [MAIN, 'sequences', log, '--archive', archive, '--partitions', '1'];

async function archived(path: string): Promise<string[]> {
  const archive = openParquetArchive(path);
  const records: string[] = [];
  for (const topic of [TOPICS.catalog, TOPICS.activity])
    for await (const batch of archive.read(topic, { order: 'offset' }))
      records.push(...batch.map(({ offset, value }) => `${offset} ${Buffer.from(value).toString('base64')}`));
  await archive.close();
  return records;
}

it(
  'an import that is killed goes on, and the archive is the one that an undisturbed import writes',
  async () => {
    const log = join(folder.path, 'log.tsv');
    // Twice what makes a file, so that there is one before the end.
    const lines = Array.from({ length: 500 }, (_, user) => {
      const items = Array.from({ length: 100 }, (_, i) => `v${(user * 31 + i * 7) % 900}`);
      return `u${user}\t${items.join(' ')}\n`;
    });
    writeFileSync(log, lines.join(''));
    const archive = join(folder.path, 'archive');
    const work = `${archive}.importing`;
    const preload = join(folder.path, 'preload.js');
    writeFileSync(preload, KILLED_WITH_A_FILE);
    const killed = spawnSync(process.execPath, ['--require', preload, ...args(log, archive)], { stdio: 'ignore' });
    rmSync(preload);
    expect(killed.signal).toBe('SIGKILL');
    const placed = readdirSync(work, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.parquet'));
    expect(placed).toHaveLength(1);
    expect(existsSync(archive)).toBe(false);

    const again = spawnSync(process.execPath, args(log, archive), { encoding: 'utf8' });
    expect(again.status).toBe(0);
    expect(again.stderr).not.toContain('Reading');
    const whole = join(folder.path, 'whole');
    expect(spawnSync(process.execPath, args(log, whole)).status).toBe(0);
    expect(await archived(archive)).toEqual(await archived(whole));
    expect(readdirSync(folder.path).sort()).toEqual(['archive', 'log.tsv', 'whole']);
  },
  LIMIT_MS,
);
