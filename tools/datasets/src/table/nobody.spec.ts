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
      ...rows('0', 60, T),
      `-1,v1,${T},30`,
    );
    const found = await folder.read(crowd, MAPPING, { drawLists: false, nowMs: T + 86_400_000 });
    expect(new Set(found.watches.map(({ userId }) => userId)).size).toBe(200);
    expect(found.badRows.describe()).toMatch(/log.csv: 61 rows left out/);
    expect(found.badRows.describe()).toMatch(/user "-1" is nobody/);
    expect(found.badRows.describe()).toMatch(
      /user "0" has 60 rows, more than ten times as many as any other: that is nobody/,
    );

    const one = await folder.write('log.csv', 'user,video,at,seconds', ...known, ...rows('0', 5, T));
    const kept = await folder.read(one);
    expect(new Set(kept.watches.map(({ userId }) => userId)).size).toBe(201);
    expect(kept.badRows.total).toBe(0);
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
