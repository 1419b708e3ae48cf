import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replaceFile } from './replace-file';

describe('a file that is replaced', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'watchnext-replaced-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('has what was written last, beside nothing else', () => {
    const file = join(folder, 'state.json');
    // Of a process that was killed amid it.
    writeFileSync(`${file}.new`, 'half of a longer sta');
    replaceFile(file, 'first');
    replaceFile(file, Buffer.from('second'));
    expect(readFileSync(file, 'utf8')).toBe('second');
    expect(readdirSync(folder)).toEqual(['state.json']);
  });

  it("may be for its owner's eyes", () => {
    const file = join(folder, 'secret.json');
    writeFileSync(`${file}.new`, 'of a killed process', { mode: 0o644 });
    replaceFile(file, '{}', { mode: 0o600 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('stays as it was where it cannot be', () => {
    const file = join(folder, 'taken');
    mkdirSync(file);
    expect(() => replaceFile(file, 'text')).toThrow();
    expect(readdirSync(folder)).toEqual(['taken']);
    expect(() => replaceFile(join(folder, 'none', 'file'), 'text')).toThrow('ENOENT');
  });

  it('stays as it was, with the reason, where something else has the name of what comes', () => {
    const file = join(folder, 'state.json');
    writeFileSync(file, 'before');
    mkdirSync(`${file}.new`);
    expect(() => replaceFile(file, 'text')).toThrow(/^EISDIR: .*state\.json\.new/);
    expect(readFileSync(file, 'utf8')).toBe('before');
  });
});
