/** Runs of offsets: one after the other, across processes, without gaps or repeats. */
import type { EventArchive } from '@watchnext/event-archive';
import type { LogRecord } from '@watchnext/event-log';
import { DAY_MS } from '@watchnext/features';
import { type ArchiveSuite, archiveRecords, byKey, NOON_MS, offsetsOf, range, readAll, TOPIC } from './support';
import { TEST_LIMIT_MS } from '../../test-limit';

export function describeRuns(suite: ArchiveSuite): void {
  it.each<[string, () => LogRecord[]]>([
    ['offsets that do not ascend', () => archiveRecords(0, 2).reverse()],
    ['the same offset twice', () => [...archiveRecords(0, 1), ...archiveRecords(0, 1)]],
    ['records of another partition', () => archiveRecords(0, 2, { partition: 3 })],
  ])(
    'refuses a run with %s',
    async (_name, records) => {
      await expect(suite.archive.write(TOPIC, 0, records())).rejects.toBeInstanceOf(RangeError);
      expect(await suite.under.files()).toEqual([]);
    },
    TEST_LIMIT_MS,
  );

  suite.spec('refuses a run whose records lie beyond its range', async () => {
    const write = (firstOffset: number, nextOffset: number) =>
      suite.archive.write(TOPIC, 0, archiveRecords(10, 2), { firstOffset, nextOffset });
    await expect(write(11, 12)).rejects.toBeInstanceOf(RangeError);
    await expect(write(10, 11)).rejects.toBeInstanceOf(RangeError);
    expect(await suite.under.files()).toEqual([]);
  });

  describe('goes on without gaps', () => {
    suite.spec('where the last run ended, in whichever process that was', async () => {
      await suite.archive.write(TOPIC, 0, archiveRecords(100, 50));
      const other = await suite.under.open();
      expect(await other.nextOffset(TOPIC, 0)).toBe(150);
      await other.write(TOPIC, 0, archiveRecords(150, 50));
      expect(await suite.archive.nextOffset(TOPIC, 0)).toBe(200);
      expect(await suite.readOffsets()).toEqual(range(100, 200));
    });

    suite.spec(
      'whichever of two that both believe to hold the partition writes, and in days that never decrease',
      async () => {
        const [one, other] = [suite.archive, await suite.under.open()];
        const day = (from: number, count: number, at: number) =>
          archiveRecords(from, count, { atMs: NOON_MS + at * DAY_MS });
        // A day later, and then records that were received before.
        const records = [...day(0, 10, 0), ...day(10, 10, 1), ...day(20, 20, 0), ...day(40, 10, 2)];
        const write = (archive: EventArchive, from: number, to: number) =>
          archive.write(TOPIC, 0, records.slice(from, to), { firstOffset: from, nextOffset: to });
        await write(one, 0, 8);
        await write(other, 8, 15);
        // The first one wakes up, goes on where it had ended, and is heard of no more.
        await write(one, 8, 30);
        await write(other, 15, 25);
        await write(other, 25, 35);
        await write(one, 30, 42);
        await write(other, 35, 50);
        expect(await suite.readOffsets()).toEqual(range(0, 50));
        expect(await suite.archive.nextOffset(TOPIC, 0)).toBe(50);
        for (const [fromDay, first] of [
          ['2026-11-24', 10],
          ['2026-11-25', 40],
        ] as const) {
          const found = await suite.readOffsets({ order: 'offset', fromDay });
          expect(found).toEqual(range(first, 50));
        }
      },
    );

    suite.spec('over offsets that the log no longer has', async () => {
      await suite.archive.write(TOPIC, 0, archiveRecords(0, 10));
      await suite.archive.write(TOPIC, 0, [...archiveRecords(20, 5), ...archiveRecords(30, 5)]);
      expect(await suite.readOffsets()).toEqual([...range(0, 10), ...range(20, 25), ...range(30, 35)]);
    });

    suite.spec('over offsets that never were records, before, behind and between them', async () => {
      await suite.archive.write(TOPIC, 0, [], { firstOffset: 3, nextOffset: 6 });
      expect([await suite.archive.firstOffset(TOPIC, 0), await suite.archive.nextOffset(TOPIC, 0)]).toEqual([3, 6]);
      await suite.archive.write(TOPIC, 0, archiveRecords(8, 4), { firstOffset: 6, nextOffset: 14 });
      await suite.archive.write(TOPIC, 0, [], { firstOffset: 14, nextOffset: 15 });
      await suite.archive.write(TOPIC, 0, archiveRecords(15, 2));
      expect(await suite.readOffsets()).toEqual([...range(8, 12), 15, 16]);
      expect(await suite.archive.nextOffset(TOPIC, 0)).toBe(17);
      expect((await suite.archive.extent(TOPIC)).recordCount).toBe(6);
      // A reader that wants all from a day on finds all records.
      const [day] = (await suite.daysOf()).slice(-1);
      expect(await suite.readOffsets({ order: 'offset', fromDay: day })).toEqual([...range(8, 12), 15, 16]);
    });

    suite.spec('and writes nothing for nothing', async () => {
      await suite.archive.write(TOPIC, 0, [], { firstOffset: 3, nextOffset: 3 });
      await suite.archive.write(TOPIC, 0, []);
      expect(await suite.under.files()).toEqual([]);
    });

    suite.spec('and gives each record once where runs overlap', async () => {
      await suite.archive.write(TOPIC, 0, archiveRecords(0, 100));
      await (await suite.under.open()).write(TOPIC, 0, archiveRecords(50, 100));
      await suite.archive.write(TOPIC, 0, archiveRecords(20, 10));
      await suite.archive.write(TOPIC, 0, archiveRecords(0, 100));
      expect(await suite.archive.nextOffset(TOPIC, 0)).toBe(150);
      expect(await suite.readOffsets()).toEqual(range(0, 150));
      expect(offsetsOf(byKey(await readAll(suite.archive, TOPIC, { order: 'offset' })))).toEqual(
        await suite.readOffsets({ order: 'key' }),
      );
      expect((await suite.archive.extent(TOPIC)).recordCount).toBe(150);
    });

    suite.spec('and names the offsets of a file that went missing, until they are archived again', async () => {
      for (const from of [0, 10, 20]) await suite.archive.write(TOPIC, 0, archiveRecords(from, 10));
      await suite.under.damage((await suite.under.files())[1] as string, () => undefined);
      await expect(suite.readOffsets()).rejects.toMatchObject({ code: 'archive-gap', partition: 0, from: 10, to: 19 });
      await suite.archive.write(TOPIC, 0, archiveRecords(10, 10));
      expect(await suite.readOffsets()).toEqual(range(0, 30));
    });
  });
}
