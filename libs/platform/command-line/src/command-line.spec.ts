import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { madeFolder, moment, namedPath, newFile, newPath, wholeNumber } from './option-values';

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

describe('a moment', () => {
  const ISO_BY_TEXT: Readonly<Record<string, string>> = {
    '2026-11-24': '2026-11-24T00:00:00.000Z',
    ' 2026-11-24 ': '2026-11-24T00:00:00.000Z',
    '2028-02-29': '2028-02-29T00:00:00.000Z',
    '2026-11-24T10:30': '2026-11-24T10:30:00.000Z',
    '2026-11-24 10:30:15': '2026-11-24T10:30:15.000Z',
    '2026-11-24T10:30:15.25Z': '2026-11-24T10:30:15.250Z',
    '2026-11-24t10:30z': '2026-11-24T10:30:00.000Z',
    '2026-11-24T10:30+02:00': '2026-11-24T08:30:00.000Z',
    '2026-11-24T10:30:00-0530': '2026-11-24T16:00:00.000Z',
  };

  it.each(['America/New_York', 'Asia/Kolkata'])('is of UTC where it names no zone, on a machine in %s too', (TZ) => {
    const program = `
      const { moment } = require(${JSON.stringify(join(__dirname, '..', 'dist', 'index.js'))});
      const texts = ${JSON.stringify(Object.keys(ISO_BY_TEXT))};
      console.log(JSON.stringify({
        isAwayFromUtc: new Date(2026, 10, 24).getTimezoneOffset() !== 0,
        read: Object.fromEntries(texts.map((text) => [text, new Date(moment(text)).toISOString()])),
      }));`;
    const { stdout } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', env: { ...process.env, TZ } });
    expect(JSON.parse(stdout)).toEqual({ isAwayFromUtc: true, read: ISO_BY_TEXT });
  });

  it.each([
    '',
    '7',
    '2026',
    '2026-11',
    '2026-1-5',
    '2026-02-30',
    '2026-13-01',
    '2026-11-24T25:00',
    '2026-11-24T10',
    '2026-11-24T10:30+99:00',
    '2026-11-24 10:30 CET',
    '24 Nov 2026',
    '1795516200000',
    'now',
  ])('is not %j', (text) => {
    expect(() => moment(text)).toThrow(
      'it must be a date or a time as 2026-11-21 or 2026-11-21T00:00Z, by UTC where it names no zone.',
    );
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

  it('is none that is there, where nothing may be replaced', () => {
    const file = join(folder, 'table.csv');
    expect(newPath(file)).toBe(file);
    writeFileSync(file, 'earlier');
    expect(() => newPath(file)).toThrow(`${file} is there already: remove it, or name another.`);
    expect(() => newPath(join(folder, 'none', 'table.csv'))).toThrow('cannot be written to (ENOENT).');
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

describe('a path', () => {
  it('is taken as it is given', () => {
    for (const path of ['.', 'data', '/mnt/a b', '../x', 'C:\\data', 'of:anna']) expect(namedPath(path)).toBe(path);
  });

  it.each(['', ' ', '\t'])('is not %j, as of a variable that is not set', (text) => {
    for (const parse of [namedPath, madeFolder])
      expect(() => parse(text)).toThrow('it is empty: is a variable of the shell not set?');
  });

  it.each(['s3://bucket/prefix', 'gs://bucket', 'file:///data', 'HTTP://host'])(
    'is no address, as %s, which would become a folder of that name here',
    (text) => {
      for (const parse of [namedPath, madeFolder])
        expect(() => parse(text)).toThrow('it must be a path on this machine, not an address.');
    },
  );
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
