import { mkdir, rm } from 'node:fs/promises';
import { MAPPING, T, TableFolder } from '../../test/table-folder';

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
