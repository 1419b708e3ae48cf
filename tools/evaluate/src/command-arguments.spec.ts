import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { counts, readableFile, settingOf } from './command-arguments';

describe('a list of numbers', () => {
  it('has each of them once: a seed that came twice would make the interval over seeds narrower than it is', () => {
    expect(counts('3, 1,2')).toEqual([3, 1, 2]);
    expect(() => counts('1,2,01')).toThrow('1 is there twice.');
  });
});

describe('a setting', () => {
  it('is JSON, or the text that it is', () => {
    expect(settingOf('hiddenSizes=[8, 4]')).toEqual(['hiddenSizes', [8, 4]]);
    expect(settingOf('historyEncoder=mean')).toEqual(['historyEncoder', 'mean']);
    expect(settingOf('note=a=b\nc')).toEqual(['note', 'a=b\nc']);
    expect(settingOf('note=')).toEqual(['note', '']);
  });

  it('has a name and a value', () => {
    expect(settingOf('members')).toBeUndefined();
    expect(settingOf('=1')).toBeUndefined();
  });
});

describe('a file that is read at the end', () => {
  it('is there', () => {
    expect(readableFile(__filename)).toBe(__filename);
    const folder = mkdtempSync(join(tmpdir(), 'watchnext-arguments-'));
    try {
      expect(() => readableFile(join(folder, 'none.csv'))).toThrow('none.csv cannot be read (ENOENT).');
      expect(() => readableFile(folder)).toThrow('is a folder, not a file.');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
