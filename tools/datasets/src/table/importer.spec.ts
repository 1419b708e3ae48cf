import { mkdir, rename, rm, utimes } from 'node:fs/promises';
import { MAPPING, T, TableFolder } from '../../test/table-folder';
import { datasetFingerprint } from '../fingerprint';

let folder: TableFolder;
beforeEach(async () => (folder = await TableFolder.create()));
afterEach(() => folder.remove());

const HEADER = 'user,video,at,seconds';

describe('a folder of tables', () => {
  it('may hold the mapping, by any name', async () => {
    await mkdir(folder.at('data'));
    await folder.write('data/log.csv', HEADER, `a,v,${T},60`);
    for (const name of ['m.json', 'mapping.json', 'm.jsonl']) {
      const { badRows, watches } = await folder.read(
        folder.at('data'),
        MAPPING,
        { drawLists: false },
        folder.at(`data/${name}`),
      );
      expect([name, badRows.describe(), watches.length]).toEqual([name, '', 1]);
      await rm(folder.at(`data/${name}`));
    }
  });

  it('gives a row the same id whatever lies beside its file', async () => {
    await mkdir(folder.at('data'));
    await folder.write('data/b.csv', HEADER, `a,v,${T},60`);
    const alone = await folder.read(folder.at('data'));
    await folder.write('data/a.csv', HEADER, `b,v,${T + 1},60`);
    const beside = await folder.read(folder.at('data'));
    const idsOf = ({ events }: typeof alone) =>
      events.filter(({ body }) => body?.$case === 'watch').map(({ eventId }) => eventId);
    expect(idsOf(beside)).toHaveLength(2);
    expect(idsOf(beside)[0]).toBe(idsOf(alone)[0]);
    expect(beside.watches[0].playbackId).toBe(alone.watches[0].playbackId);
    // As for a file by itself, which has been called so.
    expect((await folder.read(folder.at('data/b.csv'))).watches[0].playbackId).toBe('table:log:2');
  });
});

describe('a table whose mapping is not named', () => {
  const unnamed = { drawLists: false, mappingFile: undefined };

  it('is read by the one that was kept beside it, or in its folder', async () => {
    await mkdir(folder.at('data'));
    const table = await folder.write('data/log.csv', HEADER, `a,v,${T},60`);
    await folder.read(table, MAPPING, {}, folder.at('data/log.csv.mapping.json'));
    expect((await folder.read(table, MAPPING, unnamed)).watches).toHaveLength(1);
    await rename(folder.at('data/log.csv.mapping.json'), folder.at('data/mapping.json'));
    expect((await folder.read(folder.at('data'), MAPPING, unnamed)).watches).toHaveLength(1);
  });

  it('is another one to import when the mapping beside it is another', async () => {
    const table = await folder.write('log.csv', HEADER, `a,v,${T},60`);
    const beside = await folder.write('log.csv.mapping.json', JSON.stringify(MAPPING));
    const before = await datasetFingerprint('table', table);
    expect(await datasetFingerprint('table', table)).toBe(before);
    await utimes(beside, 1, 1);
    expect(await datasetFingerprint('table', table)).not.toBe(before);
  });

  it('is refused where there is none, with what writes one', async () => {
    const table = await folder.write('log.csv', HEADER, `a,v,${T},60`);
    await expect(folder.read(table, MAPPING, unnamed)).rejects.toThrow(
      `--mapping FILE, or ${table}.mapping.json, which "npm run validate -- table ${table}" proposes and writes`,
    );
  });
});
