import { MAPPING, T, TableFolder } from '../../test/table-folder';
import { DatasetError } from '../index';

let folder: TableFolder;
beforeEach(async () => (folder = await TableFolder.create()));
afterEach(() => folder.remove());

const HEADER = 'user,video,at,seconds';
const VIDEOS = { ...MAPPING, videos: { file: 'videos.csv', videoId: 'id', title: 'name' } };
const count = (length: number) => Array.from({ length }, (_, n) => n);

describe('a file of videos beside the log', () => {
  it('is refused where the log watches others, with some of both', async () => {
    const log = await folder.write('log.csv', HEADER, ...count(20).map((n) => `u${n},00${n},${T + n},60`));
    await folder.write('videos.csv', 'id,name', ...count(20).map((n) => `${n},Title ${n}`));
    const failure = await folder.read(log, VIDEOS).catch((error: Error) => error);
    expect(failure).toBeInstanceOf(DatasetError);
    expect((failure as Error).message).toBe(
      'videos.csv has 0 of the 20 videos that the log watches, so they would lack what it tells: are the ids written the same way? ' +
        'The log has "000", "001", "0010"; videos.csv has "0", "1", "10"',
    );
  });

  it('is warned of where many are missing, and not where few are', async () => {
    const log = await folder.write('log.csv', HEADER, ...count(20).map((n) => `u${n},${n},${T + n},60`));
    await folder.write('videos.csv', 'id,name', ...count(12).map((n) => `${n},Title ${n}`));
    expect((await folder.read(log, VIDEOS)).notes).toEqual([
      'WARNING: videos.csv has 12 of the 20 videos that the log watches (60.0%); it lacks "12", "13", "14"',
    ]);
    await folder.write('videos.csv', 'id,name', ...count(19).map((n) => `${n},Title ${n}`));
    expect((await folder.read(log, VIDEOS)).notes).toEqual([]);
  });

  it.each<[string, (n: number) => string, (n: number) => string]>([
    ['the log has floats', (n) => `${n}.0`, String],
    ['the file has floats', String, (n) => `${n}.0`],
    ['a space follows each comma of the log', (n) => ` ${n}`, String],
  ])('is found where %s: ids are those of the file', async (_, ofLog, ofFile) => {
    const log = await folder.write(
      'log.csv',
      'user,video,at,stars',
      ...count(10).map((n) => `u${n},${ofLog(n)},${T + n},5`),
    );
    await folder.write('videos.csv', 'id,name,long', ...count(10).map((n) => `${ofFile(n)},Title ${n},500`));
    const { watchSeconds: _seconds, ...columns } = MAPPING.log;
    const { videos, watches, notes } = await folder.read(log, {
      log: { ...columns, rating: { column: 'stars', lowest: 1, highest: 5 } },
      videos: { ...VIDEOS.videos, durationSeconds: { column: 'long', unit: 's' } },
    });
    expect(videos.map(({ title }) => title).toSorted()).toEqual(count(10).map((n) => `Title ${n}`));
    expect(watches.map(({ videoId }) => videoId).toSorted()).toEqual(count(10).map(ofFile).toSorted());
    expect(new Set(watches.map(({ positionSeconds }) => positionSeconds))).toEqual(new Set([500]));
    expect(notes).toEqual([]);
  });

  it('alone says how ids are written: those of a log are not taken for one another', async () => {
    const ids = ['7', '7.0', 'x', ' x', '8.0', '8'];
    const log = await folder.write('log.csv', HEADER, ...ids.map((id, n) => `u,${id},${T + n},60`));
    const idsOf = (watches: readonly { readonly videoId: string }[]) => watches.map(({ videoId }) => videoId);
    expect(idsOf((await folder.read(log)).watches)).toEqual(ids);
    await folder.write('videos.csv', 'id,name', 'x,Title');
    expect(idsOf((await folder.read(log, VIDEOS)).watches)).toEqual(['7', '7.0', 'x', 'x', '8.0', '8']);
  });
});

describe('a file of users beside the log', () => {
  const mapping = { ...MAPPING, users: { file: 'users.csv', userId: 'id', gender: 'sex' } };

  it('is refused where it has none of the users of the log, and warned of where many are missing', async () => {
    const log = await folder.write('log.csv', HEADER, ...count(10).map((n) => `u${n},v,${T + n},60`));
    await folder.write('users.csv', 'id,sex', '1,f', '2,m');
    await expect(folder.read(log, mapping)).rejects.toThrow(
      'users.csv has 0 of the 10 users of the log, so they would lack what it tells',
    );
    await folder.write('users.csv', 'id,sex', 'u1,f', '2,m');
    expect((await folder.read(log, mapping)).notes).toEqual([
      'WARNING: users.csv has 1 of the 10 users of the log (10.0%); it lacks "u0", "u2", "u3"',
    ]);
  });

  it('tells who was logged in: whom it tells anything of, as where lists are served', async () => {
    await folder.write('users.csv', 'id,land,age', 'a,se,', 'b,,33', 'c,,', 'd,Atlantis,');
    const users = { file: 'users.csv', userId: 'id', country: 'land', ageYears: 'age' };
    const log = await folder.write(
      'log.csv',
      `${HEADER},hit`,
      ...[...'abcde'].map((u, n) => `${u},v${n},${T + n},60,1`),
    );
    const shown = { log: { ...MAPPING.log, clicked: 'hit' } };
    for (const ofLog of [shown, MAPPING]) {
      const { lists } = await folder.read(log, { ...ofLog, users }, {});
      expect(lists.map(({ userId, context }) => [userId, context!.loggedIn])).toEqual([
        ['a', true],
        ['b', true],
        ['c', false],
        ['d', false],
        ['e', false],
      ]);
      const withoutFile = await folder.read(log, ofLog, {});
      expect(withoutFile.lists.map(({ context }) => context!.loggedIn)).toEqual(Array(5).fill(false));
    }
  });
});
