import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256Of } from '@watchnext/folder-lock';
import { checksumFile } from './checksum';
import { archiveGaps, matchesName, parseArchivedRange } from './stored-names';

const offsets = (from: number, to: number) => [from, to].map((offset) => String(offset).padStart(16, '0')).join('-');
const nameOf = (partition: number, from: number, to: number, day = '2026-11-01') =>
  `activity/dt=${day}/p0000${partition}-${offsets(from, to)}-9f03ab12.parquet`;

describe('names of archive files', () => {
  it('say which offsets of which partition a file accounts for', () => {
    expect(parseArchivedRange(nameOf(3, 100, 199))).toEqual({ topic: 'activity', partition: 3, from: 100, to: 199 });
    expect(parseArchivedRange('activity/notes.txt')).toBeUndefined();
  });

  it('show what is lacking, in whatever order they come', () => {
    const names = [nameOf(0, 30, 39, '2026-11-03'), nameOf(1, 5, 9), nameOf(0, 0, 9), nameOf(0, 10, 19)];
    expect(archiveGaps(names)).toEqual([{ topic: 'activity', partition: 0, from: 20, to: 29 }]);
    expect(archiveGaps([...names, nameOf(0, 0, 29)])).toEqual([]);
  });

  it('tell other bytes from those that they were given for', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'watchnext-stored-names-'));
    const [path, other] = ['file', 'other'].map((name) => join(directory, name));
    await writeFile(path, 'whole');
    await writeFile(other, 'whol');
    const archived = `activity/dt=2026-11-01/p00000-${offsets(0, 4)}-${await checksumFile(path)}.parquet`;
    const checkpoint = `activity/p00000-${'4'.padStart(16, '0')}-${await sha256Of(path)}.states.gz`;
    for (const name of [archived, checkpoint]) {
      expect([await matchesName(name, path), await matchesName(name, other)]).toEqual([true, false]);
    }
    expect(await matchesName('activity/p0.states.gz', path)).toBeUndefined();
    await rm(directory, { recursive: true });
  });
});
