import { MAPPING, T, TableFolder } from '../../test/table-folder';

let folder: TableFolder;
beforeEach(async () => (folder = await TableFolder.create()));
afterEach(() => folder.remove());

describe('cells that a row can do without', () => {
  it('are taken as not told where they make no sense, counted by column, and cost no row', async () => {
    const log = await folder.write(
      'log.csv',
      'user,video,at,seconds,land,long,up,box',
      `a,v1,${T},30,de,100,2026-09-01,tv`,
      `b,v2,${T + 1},30,Unknown,-1,0000-00-00,"t\u0007v"`,
      `c,v3,${T + 2},30,Germany,90,2033-01-01,tv`,
      `d,v1,${T + 3},30,,,,`,
    );
    const mapping = {
      log: {
        ...MAPPING.log,
        country: 'land',
        device: 'box',
        durationSeconds: { column: 'long', unit: 's' },
        uploadedAt: { column: 'up', unit: 'iso' },
      },
    };
    const { watches, badRows, notes } = await folder.read(log, mapping);
    expect(badRows.describe()).toBe('');
    expect(watches.map(({ userId, country, device }) => [userId, country, device])).toEqual([
      ['a', 'DE', 'tv'],
      ['b', '', ''],
      ['c', '', 'tv'],
      ['d', '', ''],
    ]);
    expect(watches.map(({ video }) => [video!.durationSeconds, video!.uploadedAtMs])).toEqual([
      [100, Date.UTC(2026, 8)],
      [0, 0],
      [90, 0],
      [100, Date.UTC(2026, 8)],
    ]);
    expect(notes).toEqual([
      'log.csv: 1 cell taken as not told, line 3: long is no number of at least 0: "-1"',
      'log.csv: 2 cells taken as not told, line 3: up is no date as 2026-11-25T10:00:00Z: "0000-00-00"',
      'log.csv: 2 cells taken as not told, line 3: country is not two letters (ISO 3166-1), as DE: "Unknown"',
      'log.csv: 1 cell taken as not told, line 3: box has control characters: "t\\u0007v"',
    ]);
  });

  it('may say in words that nothing is told, which is no mistake', async () => {
    const empty = ['NULL', '\\N', 'nan', 'None', 'NaN', 'null'];
    const log = await folder.write(
      'log.csv',
      'user,video,at,seconds,land,long',
      ...empty.map((word, n) => `a,v${n},${T + n},30,${word},${word}`),
    );
    const mapping = { log: { ...MAPPING.log, country: 'land', durationSeconds: { column: 'long', unit: 's' } } };
    const { watches, badRows, notes } = await folder.read(log, mapping);
    expect(watches).toHaveLength(empty.length);
    expect([badRows.total, notes]).toEqual([0, []]);
  });

  it('are those of users too', async () => {
    const log = await folder.write('log.csv', 'user,video,at,seconds', ...'abc'.split('').map((u) => `${u},v,${T},30`));
    await folder.write('users.csv', 'id,land,age', 'a,XYZ,25-34', 'b,se,33.0', 'c,,\\N');
    const mapping = { ...MAPPING, users: { file: 'users.csv', userId: 'id', country: 'land', ageYears: 'age' } };
    const { users, badRows, notes } = await folder.read(log, mapping);
    expect(badRows.total).toBe(0);
    expect(users.map(({ userId, profile }) => [userId, profile?.country, profile?.ageYears])).toEqual([
      ['a', undefined, undefined],
      ['b', 'SE', 33],
      ['c', undefined, undefined],
    ]);
    expect(notes).toEqual([
      expect.stringMatching(/^users.csv: 1 cell taken as not told, line 2: country is not two letters/),
      'users.csv: 1 cell taken as not told, line 2: ageYears is no whole number: "25-34"',
    ]);
  });

  it('are none of user, video, time and how long was watched', async () => {
    const log = await folder.write(
      'log.csv',
      'user,video,at,seconds',
      `NULL,v,${T},30`,
      `a,nan,${T},30`,
      'a,v,None,30',
      `a,v,${T},\\N`,
      `a,v,${T},`,
      ...Array.from({ length: 7 }, (_, n) => `b,v,${T + n},30`),
    );
    const { watches, badRows } = await folder.read(log);
    expect(watches).toHaveLength(7);
    expect(badRows.first.map(({ line, reason }) => `${line} ${reason}`)).toEqual([
      '2 user is empty',
      '3 video is empty',
      '4 at is empty',
      '5 seconds is no number of at least 0: "\\\\N"',
      '6 seconds is no number of at least 0: ""',
    ]);
  });

  it.each([
    ['seconds', { watchSeconds: { column: 'told', unit: 's' } }],
    ['rating', { watchSeconds: undefined, rating: { column: 'told', lowest: 1, highest: 5 } }],
  ])('are the %s of impressions that were not watched, as a left join leaves them', async (_, told) => {
    const rest = ['\\N', 'NULL', 'nan', '', '-1', '9999999999', 'none'];
    const log = await folder.write(
      'log.csv',
      'user,video,at,told,hit',
      `a,v,${T},3,1`,
      `b,v,${T},NULL,1`,
      ...rest.map((cell, n) => `a,w${n},${T + 1 + n},${cell},0`),
    );
    const mapping = { log: { ...MAPPING.log, ...told, clicked: 'hit' } };
    const { lists, watches, badRows } = await folder.read(log, mapping);
    expect(lists.flatMap(({ items }) => items.map(({ videoId }) => videoId))).toEqual([
      'v',
      ...rest.map((_cell, n) => `w${n}`),
    ]);
    expect(watches.map(({ userId }) => userId)).toEqual(['a']);
    expect(badRows.first.map(({ line }) => line)).toEqual([3]);
  });
});
