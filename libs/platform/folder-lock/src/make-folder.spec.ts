import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFolder } from './make-folder';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'watchnext-make-folder-'))));
afterEach(() => rmSync(directory, { recursive: true }));

describe('a folder that a person named', () => {
  it('is made, with those above it', () => {
    makeFolder(join(directory, 'a', 'b', 'c'));
    expect(statSync(join(directory, 'a', 'b', 'c')).isDirectory()).toBe(true);
  });

  it('may be there', () => {
    makeFolder(directory);
    expect(existsSync(directory)).toBe(true);
  });

  it.each([['file'], ['file/below'], ['file/below/it']])('is not made of, or under, a file: %s', (path) => {
    writeFileSync(join(directory, 'file'), '');
    expect(() => makeFolder(join(directory, path))).toThrow(path === 'file' ? 'EEXIST' : 'ENOTDIR');
  });

  it('is refused where it may not be made', () => {
    const shut = join(directory, 'shut');
    mkdirSync(shut);
    chmodSync(directory, 0o755);
    chmodSync(shut, 0o555);
    asNobody(() => expect(() => makeFolder(join(shut, 'below', 'it'))).toThrow('EACCES'));
  });

  // Whether a folder may be written to is told for who started the process, and root may always.
  (process.getuid?.() === 0 ? it.skip : it)('is refused where nothing may be put into it', () => {
    const shut = join(directory, 'shut');
    mkdirSync(shut, { mode: 0o555 });
    expect(() => makeFolder(shut)).toThrow('EACCES');
  });

  (process.platform === 'linux' ? it : it.skip)('is refused in /proc, where Node itself would try for ever', () => {
    expect(() => makeFolder('/proc/watchnext/logs')).toThrow(/ENOENT|EACCES|EPERM/);
  });
});

/** Root may write anywhere. */
function asNobody(work: () => void): void {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid!(65_534);
  try {
    work();
  } finally {
    process.seteuid!(0);
  }
}
