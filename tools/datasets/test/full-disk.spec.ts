/** An import whose disk fills up, on a small file system of memory; needs root for the mount, and is skipped where it is not. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const MAIN = resolve(__dirname, '..', 'dist', 'main.js');
const DISK_MIB = 6;

const folder = mkdtempSync(join(tmpdir(), 'watchnext-full-disk-'));
const disk = join(folder, 'disk');
mkdirSync(disk);
const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', disk]).status === 0;
afterAll(() => {
  if (isMounted) spawnSync('umount', [disk]);
  rmSync(folder, { recursive: true, force: true });
});

describe('an import onto a disk that fills up', () => {
  (isMounted ? it : it.skip)(
    'says so, and leaves no archive; with room, the same command goes on (needs mount)',
    () => {
      const log = join(folder, 'log.tsv');
      const items = Array.from({ length: 100 }, (_, i) => `v${(i * 7) % 500}`).join(' ');
      writeFileSync(log, Array.from({ length: 300 }, (_, user) => `u${user}\t${items}\n`).join(''));
      const filler = join(disk, 'filler');
      const run = () =>
        spawnSync(process.execPath, [MAIN, 'sequences', log, '--archive', join(disk, 'archive')], { encoding: 'utf8' });
      writeFileSync(filler, Buffer.alloc((DISK_MIB - 1) * 2 ** 20));
      const full = run();
      expect(full.stderr).toMatch(/the disk of .* is full\. Nothing was imported/);
      expect(full.status).toBe(3);
      expect(readdirSync(disk)).not.toContain('archive');
      rmSync(filler);
      spawnSync('mount', ['-o', `remount,size=${DISK_MIB * 20}m`, disk]);
      const roomy = run();
      expect({ status: roomy.status, stderr: roomy.stderr }).toEqual({ status: 0, stderr: expect.any(String) });
      expect(readdirSync(disk)).toEqual(['archive']);
    },
  );
});
