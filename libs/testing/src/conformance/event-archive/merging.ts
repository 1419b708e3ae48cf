/** Small files of past days become larger ones. What happens between its steps is in the archive's own specs. */
import { DAY_MS, HOUR_MS } from '@watchnext/features';
import { type ArchiveSuite, archiveRecords, NOON_MS, plain, readAll, TOPIC } from './support';

const MAX_FILE_BYTES = 2 ** 30;

export function describeMerging(suite: ArchiveSuite): void {
  const nextDay = { atMs: NOON_MS + DAY_MS };
  const writePastDay = async () => {
    const runs = [
      ...[0, 100, 200].map((from) => archiveRecords(from, 100)),
      ...[300, 310].map((from) => archiveRecords(from, 10, nextDay)),
    ];
    for (const run of runs) await suite.archive.write(TOPIC, 0, run);
    return runs.flat();
  };

  suite.spec('merges the files of a day that is over, which stay beside the larger one for a while', async () => {
    const records = await writePastDay();
    const small = await suite.under.files();
    const options = { graceMs: HOUR_MS, maxFileBytes: MAX_FILE_BYTES };
    expect(await suite.archive.merge(TOPIC, options)).toMatchObject({ mergedFileCount: 3, placedFileCount: 1 });
    const files = await suite.under.files();
    expect(files).toHaveLength(6);
    expect(files).toEqual(expect.arrayContaining(small));
    const other = await suite.under.open();
    expect(await other.merge(TOPIC, options)).toMatchObject({
      placedFileCount: 0,
      removedFileCount: 0,
      waitingFileCount: 3,
    });
    expect(plain(await readAll(other, TOPIC, { order: 'offset' }))).toEqual(plain(records));
  });

  suite.spec('removes them after that, and goes on where it was', async () => {
    const records = await writePastDay();
    const reader = await suite.under.open();
    await suite.archive.merge(TOPIC, { graceMs: 0, maxFileBytes: MAX_FILE_BYTES });
    expect(await suite.under.files()).toHaveLength(3);
    for (const order of ['offset', 'key'] as const)
      expect(plain(await readAll(reader, TOPIC, { order })).sort()).toEqual(plain(records).sort());
    expect(await reader.nextOffset(TOPIC, 0)).toBe(320);
    expect(await reader.firstOffset(TOPIC, 0)).toBe(0);
    await suite.archive.write(TOPIC, 0, archiveRecords(320, 10, nextDay));
    expect((await suite.readOffsets()).length).toBe(330);
    expect(await suite.archive.merge(TOPIC, { graceMs: 0, maxFileBytes: MAX_FILE_BYTES })).toMatchObject({
      placedFileCount: 0,
      removedFileCount: 0,
    });
  });

  suite.spec('and a rewrite removes records from both', async () => {
    const records = await writePastDay();
    await suite.archive.merge(TOPIC, { graceMs: HOUR_MS, maxFileBytes: MAX_FILE_BYTES });
    const keep = ({ key }: { key: string }) => key !== 'user-1';
    await suite.archive.rewrite(TOPIC, keep);
    const other = await suite.under.open();
    const found: string[] = [];
    await other.rewrite(TOPIC, ({ key }) => found.push(key) > 0);
    expect(found).not.toContain('user-1');
    expect(await other.merge(TOPIC, { graceMs: 0, maxFileBytes: MAX_FILE_BYTES })).toMatchObject({ leftAlone: [] });
    expect(plain(await readAll(other, TOPIC, { order: 'offset' }))).toEqual(plain(records.filter(keep)));
  });
}
