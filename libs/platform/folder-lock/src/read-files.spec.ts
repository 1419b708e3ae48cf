import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readdirIfThere, sha256Of } from './read-files';

describe('reading', () => {
  const folder = mkdtempSync(join(tmpdir(), 'watchnext-read-files-'));
  const file = join(folder, 'abc');
  writeFileSync(file, 'abc');
  afterAll(() => rmSync(folder, { recursive: true }));

  it('a folder that is not there finds nothing in it, and what is no folder is refused', async () => {
    expect(await readdirIfThere(folder)).toEqual(['abc']);
    expect(await readdirIfThere(join(folder, 'none'))).toEqual([]);
    await expect(readdirIfThere(file)).rejects.toThrow('ENOTDIR');
  });

  it('has the SHA-256 that FIPS 180-2 has as an example', async () => {
    expect(await sha256Of(file)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
