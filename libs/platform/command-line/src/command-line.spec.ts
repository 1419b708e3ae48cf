import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { madeFolder, newFile, wholeNumber } from './option-values';

describe('a whole number', () => {
  it.each(['0', '-1', '1.5', '1e3', '0x10', '', ' ', 'many', 'NaN', '9007199254740993'])(
    'is not %j, from 1 on',
    (text) => {
      expect(() => wholeNumber(1)(text)).toThrow('it must be a whole number of at least 1.');
    },
  );

  it('lies in its range, ends included, with or without spaces around it', () => {
    const parse = wholeNumber(2, 10);
    expect(['2', ' 7', '10 '].map(parse)).toEqual([2, 7, 10]);
    for (const text of ['1', '11']) expect(() => parse(text)).toThrow('it must be a whole number from 2 to 10.');
  });
});

describe('a new file', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'watchnext-new-file-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is in a folder that is there', () => {
    const file = join(folder, 'report.json');
    expect(newFile(file)).toBe(file);
    expect(existsSync(file)).toBe(false);
    rmSync(folder, { recursive: true });
    expect(() => newFile(file)).toThrow(`the folder ${folder} cannot be written to (ENOENT).`);
  });

  it('may be there already, and is left as it is', () => {
    const file = join(folder, 'report.json');
    writeFileSync(file, 'earlier');
    expect(newFile(file)).toBe(file);
    expect(readFileSync(file, 'utf8')).toBe('earlier');
  });

  it('is no folder, there or to come', () => {
    for (const path of [folder, `${folder}/`, join(folder, 'reports') + '/'])
      expect(() => newFile(path)).toThrow(`${path} is a folder, not a file.`);
    expect(() => newFile('')).toThrow('is a folder, not a file.');
  });

  it('lies in no file', () => {
    const file = join(folder, 'report.json');
    writeFileSync(file, '');
    expect(() => newFile(join(file, 'more.json'))).toThrow(`the folder ${file} cannot be written to (ENOTDIR).`);
  });

  (process.getuid?.() === 0 ? it.skip : it)('is none that may not be written to', () => {
    const file = join(folder, 'report.json');
    writeFileSync(file, '', { mode: 0o444 });
    expect(() => newFile(file)).toThrow(`the file ${file} cannot be written to (EACCES).`);
  });
});

describe('a folder to work in', () => {
  it('is made, or refused by name', () => {
    const directory = mkdtempSync(join(tmpdir(), 'watchnext-made-folder-'));
    try {
      const folder = join(directory, 'a', 'b');
      expect(madeFolder(folder)).toBe(folder);
      expect(existsSync(folder)).toBe(true);
      const file = join(directory, 'file');
      writeFileSync(file, '');
      expect(() => madeFolder(file)).toThrow(`the folder ${file} cannot be made or written to (EEXIST).`);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('a command line', () => {
  const run = (...args: string[]) => {
    const program = `
      const { Command } = require('commander');
      const { endOnUsage, wholeNumber } = require(${JSON.stringify(join(__dirname, '..', 'dist', 'index.js'))});
      const command = new Command('spec').exitOverride(endOnUsage);
      command.command('work').option('--count <n>', 'times', wholeNumber(1), 1).action(() => console.log('worked'));
      command.parse(['node', 'spec', ...${JSON.stringify(args)}]);`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
      encoding: 'utf8',
      cwd: __dirname,
    });
    return { status, stdout, stderr };
  };

  it('works where it can be used', () => {
    expect(run('work', '--count', '3')).toEqual({ status: 0, stdout: 'worked\n', stderr: '' });
  });

  it('ends with 0 and the whole help where that is asked for', () => {
    expect(run('work', '--help')).toEqual({ status: 0, stdout: expect.stringContaining('--count <n>'), stderr: '' });
  });

  it.each([
    [['work', '--count', 'none'], /'none' is invalid. it must be a whole number of at least 1\./],
    [['work', '--counts'], /unknown option '--counts'/],
    [['rest'], /unknown command 'rest'/],
  ])('%j ends with 2 and does no work', (args, message) => {
    expect(run(...args)).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(message) });
  });
});
