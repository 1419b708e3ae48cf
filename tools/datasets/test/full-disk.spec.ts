/** An import whose disk fills up, on a small file system of memory; needs root for the mount, and says so where it is not. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { temporaryDirectory } from '@watchnext/testing';

const MAIN = resolve(__dirname, '..', 'dist', 'main.js');
const DISK_MIB = 6;

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let disk: string;
let isMounted = false;
beforeAll(async () => {
  folder = await temporaryDirectory('full-disk');
  disk = join(folder.path, 'disk');
  mkdirSync(disk);
  isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', disk]).status === 0;
});
afterAll(async () => {
  if (isMounted) spawnSync('umount', [disk]);
  await folder.remove();
});

describe('an import onto a disk that fills up', () => {
  it('says so, and leaves no archive; with room, the same command goes on', () => {
    if (!isMounted) {
      process.stderr.write('full-disk.spec: not run, since no file system can be mounted here\n');
      return;
    }
    const log = join(folder.path, 'log.tsv');
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
  });
});
