/** An import into an archive that is killed with SIGKILL in the middle, and run again. Needs the build. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TOPICS } from '@watchnext/contract';
import { openParquetArchive } from '@watchnext/event-archive';
import { eventually, temporaryDirectory } from '@watchnext/testing';

const MAIN = resolve(__dirname, '..', 'dist', 'main.js');
/** Far above what it takes; a busy machine may be slow. */
const LIMIT_MS = 300_000;

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
    const child = spawn(process.execPath, args(log, archive), { stdio: 'ignore' });
    const ended = new Promise((resolveEnd) => child.once('exit', resolveEnd));
    const hasFile = () =>
      existsSync(work) && readdirSync(work, { recursive: true }).some((name) => String(name).endsWith('.parquet'));
    await eventually(() => child.exitCode !== null || hasFile(), 'a file of the archive', LIMIT_MS);
    child.kill('SIGKILL');
    await ended;
    expect(child.signalCode).toBe('SIGKILL');
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
