import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changedFiles } from './git-paths';

it('lists what changed by its name, whatever letters that has', () => {
  const folder = mkdtempSync(join(tmpdir(), 'watchnext-paths-'));
  try {
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=spec', '-c', 'user.email=spec@localhost', ...args], { cwd: folder });
    const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
    git('init', '--quiet', '--initial-branch', 'main');
    for (const name of ['Größe.md', 'alt "eins".ts', 'same.ts']) write(name, 'one');
    git('add', '--all');
    git('commit', '--quiet', '--message', 'first');
    write('Größe.md', 'two');
    renameSync(join(folder, 'alt "eins".ts'), join(folder, 'zwölf.ts'));
    git('add', '--all');
    write('neu\nin zwei Zeilen.md', 'three');
    expect(changedFiles(folder, 'HEAD').sort()).toEqual(
      ['Größe.md', 'alt "eins".ts', 'neu\nin zwei Zeilen.md', 'zwölf.ts'].sort(),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
