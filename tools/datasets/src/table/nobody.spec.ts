import { MAPPING, T, TableFolder } from '../../test/table-folder';

let folder: TableFolder;
beforeEach(async () => (folder = await TableFolder.create()));
afterEach(() => folder.remove());

describe('users that are nobody', () => {
  const rows = (user: string, count: number, fromMs: number) =>
    Array.from({ length: count }, (_, n) => `${user},v${n % 7},${fromMs + 60_000 * n},30`);

  it('are left out: -1, and 0 where its rows are those of a crowd', async () => {
    const known = Array.from({ length: 200 }, (_, user) => rows(String(user + 1), 5, T - 1_000 * user)).flat();
    const crowd = await folder.write(
      'log.csv',
      'user,video,at,seconds',
      ...known,
      ...rows('0', 120, T),
      `-1,v1,${T},30`,
    );
    const found = await folder.read(crowd, MAPPING, { drawLists: false, nowMs: T + 86_400_000 });
    expect(new Set(found.watches.map(({ userId }) => userId)).size).toBe(200);
    expect(found.badRows.total).toBe(0);
    expect(found.notes).toEqual([
      '121 rows of nobody left out: 1 of user "-1", 120 of user "0", more than ten times those of any other',
    ]);

    const one = await folder.write('log.csv', 'user,video,at,seconds', ...known, ...rows('0', 5, T));
    const kept = await folder.read(one);
    expect(new Set(kept.watches.map(({ userId }) => userId)).size).toBe(201);
    expect(kept.badRows.total).toBe(0);
  });

  it('are left out as a column of floats has them', async () => {
    const float = (user: number) => user.toFixed(1);
    const known = Array.from({ length: 20 }, (_, user) => rows(float(user + 1), 5, T - 1_000 * user)).flat();
    const log = await folder.write(
      'log.csv',
      'user,video,at,seconds',
      ...known,
      ...rows('-1.0', 100, T - 86_400_000),
      ...rows('0.0', 100, T - 86_400_000),
    );
    await folder.write('users.csv', 'id,land', '1.0,de', '0.0,se', '-1.0,');
    const mapping = { ...MAPPING, users: { file: 'users.csv', userId: 'id', country: 'land' } };
    const { watches, users, notes } = await folder.read(log, mapping);
    expect(watches).toHaveLength(100);
    expect(users.map(({ userId }) => userId)).toEqual(['1.0']);
    expect(notes[0]).toBe(
      '200 rows of nobody left out: 100 of user "-1.0", 100 of user "0.0", more than ten times those of any other',
    );
  });

  it('may be most of a log: what they did is no mistake in it', async () => {
    const known = Array.from({ length: 20 }, (_, user) => rows(String(user + 1), 5, T - 1_000 * user)).flat();
    const log = await folder.write(
      'log.csv',
      'user,video,at,seconds',
      ...known,
      ...rows('-1', 200, T - 86_400_000),
      ...rows('0', 200, T - 86_400_000),
      'a,v,never,30',
    );
    await folder.write('users.csv', 'id,land', '1,de', '0,', '-1,', '2,se');
    const mapping = { ...MAPPING, users: { file: 'users.csv', userId: 'id', country: 'land' } };
    const { watches, users, badRows, notes } = await folder.read(log, mapping);
    expect(watches).toHaveLength(100);
    expect(users.map(({ userId }) => userId)).toEqual(['1', '2']);
    expect(badRows.total).toBe(1);
    expect(notes[0]).toMatch(/^400 rows of nobody left out: 200 of user "-1", 200 of user "0"/);
  });

  it('do not hide that most of the others cannot be used', async () => {
    const log = await folder.write(
      'log.csv',
      'user,video,at,seconds',
      ...rows('-1', 90, T - 86_400_000),
      ...rows('a', 4, T - 86_400_000),
      ...Array.from({ length: 6 }, () => 'a,v,never,30'),
    );
    await expect(folder.read(log)).rejects.toThrow(/^6 of 10 rows cannot be used/);
    const nobody = await folder.write('log.csv', 'user,video,at,seconds', ...rows('-1', 9, T - 86_400_000));
    await expect(folder.read(nobody)).rejects.toThrow(/holds no activity\n9 rows of nobody left out: 9 of user "-1"$/);
  });

  it.each([
    ['rows', 90, 30, 1],
    ['other users', 200, 9, 5],
  ])('are not told from somebody by a log of few %s', async (_, zero, users, rowsOfEach) => {
    const known = Array.from({ length: users }, (_one, user) => rows(String(user + 1), rowsOfEach, T - 86_400_000));
    const log = await folder.write(
      'log.csv',
      'user,video,at,seconds',
      ...known.flat(),
      ...rows('0', zero, T - 86_400_000),
    );
    const { watches } = await folder.read(log);
    expect(watches.filter(({ userId }) => userId === '0')).toHaveLength(zero);
  });

  it('are asked about where one has more than a hundredth of the log', async () => {
    const known = Array.from({ length: 2_000 }, (_, user) => rows(`u${user}`, 2, T - 1_000 * user)).flat();
    const log = await folder.write('log.csv', 'user,video,at,seconds', ...known, ...rows('guest', 60, T - 86_400_000));
    const { notes, watches } = await folder.read(log);
    expect(watches).toHaveLength(4_060);
    expect(notes).toEqual([
      'WARNING: user "guest" has 1.5% of the log, 60 of 4,060 rows: is it everybody without an id? Leave such rows out, or give each session an id',
    ]);
    // Of few users each has more than that.
    const few = await folder.write(
      'log.csv',
      'user,video,at,seconds',
      ...rows('a', 20, T - 86_400_000),
      ...rows('b', 20, T - 86_400_000),
    );
    expect((await folder.read(few)).notes).toEqual([]);
  });
});
