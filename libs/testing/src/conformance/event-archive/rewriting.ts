/** Records that are removed for good. */
import type { LogRecord } from '@watchnext/event-log';
import { type ArchiveSuite, archiveRecords, plain, range, readAll, TOPIC } from './support';

export function describeRewriting(suite: ArchiveSuite): void {
  suite.spec('rewrites what holds records to remove, leaves the rest alone, and goes on where it was', async () => {
    const records = archiveRecords(0, 600);
    for (const from of [0, 200, 400]) await suite.archive.write(TOPIC, 0, records.slice(from, from + 200));
    const untouched = (await suite.under.files())[2] as string;
    const keep = ({ key, offset }: LogRecord) => offset >= 400 || key !== 'user-1';
    const gone = records.filter((record) => !keep(record)).length;
    expect(gone).toBeGreaterThan(0);
    expect(await suite.archive.rewrite(TOPIC, keep)).toEqual({
      fileCount: 3,
      rewrittenFileCount: 2,
      removedRecordCount: gone,
    });
    const reader = await suite.under.open();
    expect(plain(await readAll(reader, TOPIC, { order: 'offset' }))).toEqual(plain(records.filter(keep)));
    expect(await suite.under.files()).toHaveLength(3);
    expect(await suite.under.files()).toContain(untouched);
    expect(await suite.archive.rewrite(TOPIC, keep)).toEqual({
      fileCount: 3,
      rewrittenFileCount: 0,
      removedRecordCount: 0,
    });
    expect(await reader.nextOffset(TOPIC, 0)).toBe(600);
    await suite.archive.write(TOPIC, 0, archiveRecords(600, 10));
    expect((await suite.readOffsets()).slice(-10)).toEqual(range(600, 610));
  });

  suite.spec('keeps the place of a file of which nothing is left', async () => {
    for (const from of [0, 100, 200]) await suite.archive.write(TOPIC, 0, archiveRecords(from, 100));
    await suite.archive.rewrite(TOPIC, ({ offset }) => offset < 100 || offset >= 200);
    expect(await suite.readOffsets()).toEqual([...range(0, 100), ...range(200, 300)]);
    await suite.archive.rewrite(TOPIC, () => false);
    expect(await suite.readOffsets()).toEqual([]);
    expect(await suite.archive.nextOffset(TOPIC, 0)).toBe(300);
    expect((await suite.archive.extent(TOPIC)).recordCount).toBe(0);
  });
}
