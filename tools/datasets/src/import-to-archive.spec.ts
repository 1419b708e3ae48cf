import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Event, TOPICS } from '@watchnext/contract';
import { openParquetArchive } from '@watchnext/event-archive';
import { partitionOf } from '@watchnext/event-log';
import { temporaryDirectory } from '@watchnext/testing';
import { datasetEvents, importerNamed, importToArchive } from './index';

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let file: string;
let archive: string;
beforeEach(async () => {
  folder = await temporaryDirectory('import-to-archive');
  file = join(folder.path, 'log.tsv');
  archive = join(folder.path, 'data', 'archive');
  await writeFile(file, Array.from({ length: 40 }, (_, user) => `user ${user}\ta b c d\n`).join(''));
});
afterEach(() => folder.remove());

async function archived(topic: string, path = archive) {
  const opened = openParquetArchive(path);
  const records = [];
  for await (const batch of opened.read(topic, { order: 'offset' })) records.push(...batch);
  await opened.close();
  return records;
}

async function expected(): Promise<Event[]> {
  const events: Event[] = [];
  for await (const event of datasetEvents(importerNamed('sequences'), file)) events.push(event);
  return events;
}

describe('importing into an archive', () => {
  it('writes the events as ingestion would: by the partition of the key, offsets from 0 without gaps', async () => {
    const { sent } = await importToArchive('sequences', file, { archive, partitionCount: 3 });
    const activity = await archived(TOPICS.activity);
    const catalog = await archived(TOPICS.catalog);
    expect(activity.length + catalog.length).toBe(sent);
    for (const partition of [0, 1, 2]) {
      const records = activity.filter((record) => record.partition === partition);
      expect(records.map(({ offset }) => offset)).toEqual(records.map((_, index) => index));
      expect(records.every(({ key }) => partitionOf(key, 3) === partition)).toBe(true);
    }
    const byId = (events: Event[]) => events.sort((a, b) => (a.eventId < b.eventId ? -1 : 1));
    expect(byId([...catalog, ...activity].map(({ value }) => Event.decode(value)))).toEqual(byId(await expected()));
    expect(await readdir(join(folder.path, 'data'))).toEqual(['archive']);
  });

  it('goes on where it was cut off, and ends with the same archive', async () => {
    await importToArchive('sequences', file, { archive: `${archive}-whole` });
    const stopping = new AbortController();
    await expect(
      importToArchive('sequences', file, { archive, signal: stopping.signal, onLoaded: () => stopping.abort() }),
    ).rejects.toThrow();
    expect(await readdir(join(folder.path, 'data'))).toEqual(['archive-whole', 'archive.importing']);
    let reading = 0;
    await importToArchive('sequences', file, { archive, onReading: () => reading++ });
    // What was read is not read again.
    expect(reading).toBe(0);
    expect(await archived(TOPICS.activity)).toEqual(await archived(TOPICS.activity, `${archive}-whole`));
    expect(await readdir(join(folder.path, 'data'))).toEqual(['archive', 'archive-whole']);
  });

  it('begins anew when the files have changed since', async () => {
    const stopping = new AbortController();
    await expect(
      importToArchive('sequences', file, { archive, signal: stopping.signal, onLoaded: () => stopping.abort() }),
    ).rejects.toThrow();
    await writeFile(file, 'anna\ta b\nben\tb');
    const { summary } = await importToArchive('sequences', file, { archive });
    expect(summary.counts).toMatchObject({ videos: 2, other_watches: 3 });
    expect(await archived(TOPICS.activity)).toHaveLength(6);
  });

  it('tells again of the rows that were left out before it was cut off', async () => {
    await writeFile(file, 'anna\ta b c\nno tab here\nben\tb c\n');
    const stopping = new AbortController();
    await expect(
      importToArchive('sequences', file, { archive, signal: stopping.signal, onLoaded: () => stopping.abort() }),
    ).rejects.toThrow();
    const { badRows } = await importToArchive('sequences', file, { archive });
    expect(badRows.total).toBe(1);
    expect(badRows.describe()).toMatch(/log.tsv: 1 row left out\n {2}line 2: no tab between/);
  });

  it.each(['the same', 'another'])('is left alone by a second import of %s file into the same place', async (which) => {
    const other = join(folder.path, 'other.tsv');
    await writeFile(other, 'no tab here\n');
    let second: Promise<unknown> | undefined;
    const { sent } = await importToArchive('sequences', file, {
      archive,
      onLoaded: () => {
        second = importToArchive('sequences', which === 'another' ? other : file, { archive });
        second.catch(() => undefined);
      },
    });
    await expect(second).rejects.toThrow(/another import works in .*archive\.importing/);
    const records = [...(await archived(TOPICS.activity)), ...(await archived(TOPICS.catalog))];
    expect(records).toHaveLength(sent);
    expect(await readdir(join(folder.path, 'data'))).toEqual(['archive']);
  });

  it('touches no archive that is there', async () => {
    await importToArchive('sequences', file, { archive });
    await expect(importToArchive('sequences', file, { archive })).rejects.toThrow(/is not empty/);
  });

  it('leaves nothing behind when the file is at fault', async () => {
    await writeFile(file, 'no tab here\n');
    await expect(importToArchive('sequences', file, { archive })).rejects.toThrow(/line 1: no tab between/);
    expect(await readdir(join(folder.path, 'data'))).toEqual([]);
  });
});
