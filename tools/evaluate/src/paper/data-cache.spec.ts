import { mkdtempSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import { dataCodeKey } from './code-key';
import type { PaperData } from './data';
import { keepData, keptData } from './data-cache';

describe('what a run keeps for the next', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'watchnext-paper-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is found again by the code that made it, and by no other', () => {
    const file = join(folder, 'log.data');
    expect(keptData(file)).toBeUndefined();
    const data = { name: 'log' } as PaperData;
    keepData(file, data);
    expect(keptData(file)).toEqual(data);
    writeFileSync(file, serialize({ code: 'of another day', data }));
    expect(keptData(file)).toBeUndefined();
  });

  it('is removed where it was left half written', () => {
    const file = join(folder, 'log.data');
    writeFileSync(file, serialize({ code: dataCodeKey() }).subarray(0, 10));
    expect(keptData(file)).toBeUndefined();
    expect(existsSync(file)).toBe(false);
  });
});
