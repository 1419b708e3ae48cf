import { readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { HOUR_MS } from '@watchnext/features';
import { checksumFile } from '../../src/checksum';
import { isKept, type MergingWorld, openMergingWorld, PAST_DAY, plain, recordsOf, TOPIC } from './world';

describe('merging the files of past days', () => {
  let world: MergingWorld;
  const open = async (...sizes: number[]) => (world = await openMergingWorld(sizes));
  afterEach(() => world.close());
  const rangesIn = async (day: string) =>
    (await world.files()).filter((file) => file.day === day).map((file) => [file.firstOffset, file.lastOffset]);
  const NOTHING = {
    mergedFileCount: 0,
    placedFileCount: 0,
    placedBytes: 0,
    removedFileCount: 0,
    waitingFileCount: 0,
    changedCount: 0,
    leftAlone: [],
  };

  it('places a large file, removes the small ones once it has been there for long enough, and then has nothing to do', async () => {
    await open(3, 2, 4);
    const first = await world.merge();
    expect(first).toEqual({
      ...NOTHING,
      mergedFileCount: 3,
      placedFileCount: 1,
      placedBytes: expect.any(Number),
      waitingFileCount: 3,
    });
    const large = (await world.files()).find(({ firstOffset, lastOffset }) => firstOffset === 0 && lastOffset === 8);
    expect(first.placedBytes).toBe(await world.storage.sizeOf(large!));
    expect(await world.merge()).toEqual({ ...NOTHING, waitingFileCount: 3 });
    expect(await world.files()).toHaveLength(5);
    await world.age();
    expect(await world.merge()).toEqual({ ...NOTHING, removedFileCount: 3 });
    expect(await rangesIn(PAST_DAY)).toEqual([[0, 8]]);
    expect(await world.merge()).toEqual(NOTHING);
    for (const order of ['offset', 'key'] as const)
      expect(plain(await world.read(order)).sort()).toEqual(plain(world.records).sort());
    expect(await world.archive.nextOffset(TOPIC, 0)).toBe(world.records.length);
  });

  it('without a time of grace does both at once', async () => {
    await open(3, 2, 4);
    expect(await world.merge({ graceMs: 0 })).toMatchObject({ mergedFileCount: 3, removedFileCount: 3 });
    expect(await rangesIn(PAST_DAY)).toEqual([[0, 8]]);
    expect(plain(await world.read())).toEqual(plain(world.records));
  });

  it('says what it would do, and changes nothing', async () => {
    await open(3, 2, 4);
    const before = await world.files();
    expect(await world.merge({ dryRun: true })).toEqual({ ...NOTHING, mergedFileCount: 3, placedFileCount: 1 });
    expect(await world.files()).toEqual(before);
    await world.merge();
    await world.age();
    const placed = await world.files();
    expect(await world.merge({ dryRun: true })).toEqual({ ...NOTHING, removedFileCount: 3 });
    expect(await world.files()).toEqual(placed);
  });

  it('leaves alone a day that is not over in a partition, though it is in another', async () => {
    await open(3, 2);
    for (const from of [0, 5]) await world.archive.write(TOPIC, 1, recordsOf(from, 5, PAST_DAY, 1));
    expect(await world.merge({ graceMs: 0 })).toMatchObject({ mergedFileCount: 2, removedFileCount: 2 });
    expect(await rangesIn(PAST_DAY)).toEqual([
      [0, 4],
      [0, 4],
      [5, 9],
    ]);
  });

  it('makes files no larger than they may be, and merges those no further', async () => {
    await open(3, 3, 3, 3, 3);
    const [one] = await world.files();
    const maxFileBytes = 2.5 * (await world.storage.sizeOf(one!));
    expect(await world.merge({ graceMs: 0, maxFileBytes })).toMatchObject({ mergedFileCount: 4, placedFileCount: 2 });
    expect(await rangesIn(PAST_DAY)).toEqual([
      [0, 5],
      [6, 11],
      [12, 14],
    ]);
    expect(plain(await world.read())).toEqual(plain(world.records));
  });

  it('gives runs that two processes wrote over each other once, in place of all of them', async () => {
    await open(3, 5, 4);
    await world.archive.write(TOPIC, 0, recordsOf(2, 8), { firstOffset: 2, nextOffset: 10 });
    await world.archive.write(TOPIC, 0, recordsOf(4, 2), { firstOffset: 4, nextOffset: 6 });
    // First what nobody reads goes, then the rest is merged, then the small ones go.
    for (let round = 0; round < 3; round++) {
      await world.age();
      await world.merge();
    }
    expect(await rangesIn(PAST_DAY)).toEqual([[0, 11]]);
    expect(plain(await world.read())).toEqual(plain(world.records));
  });

  it('leaves a gap a gap, so that readers go on telling of it', async () => {
    await open(3, 2, 4, 3, 3);
    const missing = (await world.files())[2]!;
    await world.storage.remove(TOPIC, missing);
    expect(await world.merge({ graceMs: 0 })).toMatchObject({ mergedFileCount: 4, placedFileCount: 2, leftAlone: [] });
    await expect(world.read()).rejects.toMatchObject({ code: 'archive-gap', from: 5, to: 8 });
    await world.archive.write(TOPIC, 0, recordsOf(5, 4), { firstOffset: 5, nextOffset: 9 });
    expect(plain(await world.read())).toEqual(plain(world.records));
  });

  it('keeps the ranges of files without records', async () => {
    await open(3);
    await world.archive.write(TOPIC, 1, recordsOf(4, 2, PAST_DAY, 1), { firstOffset: 0, nextOffset: 8 });
    await world.archive.write(TOPIC, 1, [], { firstOffset: 8, nextOffset: 20 });
    await world.archive.write(TOPIC, 1, recordsOf(20, 2, '2026-11-24', 1), { firstOffset: 20, nextOffset: 22 });
    await world.merge({ graceMs: 0 });
    expect((await world.files()).filter(({ partition }) => partition === 1)).toMatchObject([
      { firstOffset: 0, lastOffset: 19 },
      { firstOffset: 20, lastOffset: 21 },
    ]);
  });

  it('leaves null what files of older versions lack, and keeps what those of newer ones have besides', async () => {
    await open(2, 2, 2);
    const [older, newer] = await world.files();
    const connection = await (await DuckDBInstance.create()).connect();
    const rewrite = async (path: string, select: string) => {
      await connection.run(`COPY (SELECT ${select} FROM read_parquet('${path}', hive_partitioning = false))
        TO '${join(world.directory, 'changed')}' (FORMAT parquet)`);
      await rename(join(world.directory, 'changed'), path);
    };
    await rewrite(older!.path, '* EXCLUDE (assignments, rung)');
    await rewrite(newer!.path, "* REPLACE (7::INTEGER AS rung), 'new' AS of_tomorrow");
    // Their names have checksums, which are not looked at by questions in SQL; merging looks.
    for (const { path, checksum } of [older!, newer!])
      await rename(path, path.replace(checksum, await checksumFile(path)));
    await world.merge({ graceMs: 0 });
    expect(await rangesIn(PAST_DAY)).toEqual([[0, 5]]);
    const rows = await world.archive.analyse(TOPIC, {}, (table) =>
      table.rows(
        'SELECT "offset"::DOUBLE AS "offset", rung, assignments, of_tomorrow FROM events ORDER BY "offset" LIMIT 6',
      ),
    );
    expect(rows.map(({ offset, rung, of_tomorrow }) => [offset, rung, of_tomorrow])).toEqual([
      [0, null, null],
      [1, null, null],
      [2, 7, 'new'],
      [3, 7, 'new'],
      [4, null, null],
      [5, null, null],
    ]);
    connection.closeSync();
  });

  it('leaves a damaged file and its neighbours as they are, names it, and merges the rest', async () => {
    await open(3, 2);
    for (const from of [0, 5, 10])
      await world.archive.write(TOPIC, 1, recordsOf(from, 5, from < 10 ? PAST_DAY : '2026-11-24', 1));
    const damaged = (await world.files()).find(({ partition }) => partition === 1)!;
    await writeFile(damaged.path, 'no Parquet');
    expect(await world.merge({ graceMs: 0 })).toMatchObject({
      mergedFileCount: 2,
      removedFileCount: 2,
      leftAlone: [{ day: PAST_DAY, partition: 1, reason: 'damaged', path: damaged.path }],
    });
    expect((await world.files()).filter(({ partition }) => partition === 1)).toHaveLength(3);
  });

  it('does not remove small files of which a larger one lacks records', async () => {
    await open(3, 2, 4);
    const small = await world.files();
    await world.archive.write(TOPIC, 0, recordsOf(0, 4), { firstOffset: 0, nextOffset: 9 });
    await world.age();
    expect(await world.merge()).toMatchObject({ removedFileCount: 0, leftAlone: [{ reason: 'differs' }] });
    expect(await world.files()).toEqual(expect.arrayContaining(small));
  });

  it('puts another in place of a large file with records that somebody removed from all small ones', async () => {
    await open(3, 2, 4);
    await world.merge();
    const [large] = (await world.files()).filter(({ lastOffset }) => lastOffset === 8);
    await world.storage.remove(TOPIC, large!);
    await world.forget();
    // As a merge would leave it that had read before, and was killed before it could look again.
    await world.archive.write(TOPIC, 0, recordsOf(0, 9), { firstOffset: 0, nextOffset: 9 });
    expect(await world.countGone()).toBeGreaterThan(0);
    expect(await world.merge()).toMatchObject({ placedFileCount: 1, leftAlone: [] });
    expect(await world.countGone()).toBe(0);
    expect(plain(await world.read())).toEqual(plain(world.records.filter(isKept)));
  });

  it('ends between two steps where it is told to, and goes on another time', async () => {
    await open(3, 2, 4);
    const stopping = new AbortController();
    const reason = new Error('told to stop');
    const merging = world.merge({ signal: stopping.signal, onProgress: () => stopping.abort(reason) });
    await expect(merging).rejects.toBe(reason);
    expect(await readdir(join(world.directory, TOPIC, '.incoming'))).toEqual([]);
    await world.merge({ graceMs: HOUR_MS });
    expect(plain(await world.read())).toEqual(plain(world.records));
  });
});
