/** What is read is what was written, in the order asked for. */
import { Event, TOPICS } from '@watchnext/contract';
import type { KeyedRecords } from '@watchnext/event-archive';
import type { LogRecord } from '@watchnext/event-log';
import { DAY_MS, LIMITS } from '@watchnext/features';
import { eventOf, impressionItemOf, impressionsServedOf, searchOf } from '../../builders';
import { type ArchiveSuite, archiveRecords, byKey, NOON_MS, offsetsOf, plain, range, readAll, TOPIC } from './support';

export function describeReading(suite: ArchiveSuite): void {
  suite.spec('is empty at first', async () => {
    expect(await suite.archive.nextOffset(TOPIC, 0)).toBeUndefined();
    expect(await suite.archive.firstOffset(TOPIC, 0)).toBeUndefined();
    expect(await suite.archive.partitions(TOPIC)).toEqual([]);
    expect(await suite.readOffsets()).toEqual([]);
    expect(await suite.archive.extent(TOPIC)).toEqual({ recordCount: 0, fileCount: 0, days: [] });
    await suite.archive.write(TOPIC, 0, []);
    expect(await suite.under.files()).toEqual([]);
  });

  suite.spec('reads one partition from an offset on', async () => {
    for (const partition of [0, 1]) {
      for (const from of [10, 110])
        await suite.archive.write(TOPIC, partition, archiveRecords(from, 100, { partition }));
    }
    const wanted = { partition: 1, fromOffset: 150 };
    const records = await readAll(suite.archive, TOPIC, { order: 'offset', ...wanted });
    expect(records.every(({ partition }) => partition === 1)).toBe(true);
    expect(offsetsOf(records)).toEqual(range(150, 210));
    const all = archiveRecords(10, 200, { partition: 1 }).filter(({ offset }) => offset >= 150);
    expect(
      (await readAll(suite.archive, TOPIC, { order: 'key', ...wanted })).map(({ key, offset }) => [key, offset]),
    ).toEqual(byKey(all).map(({ key, offset }) => [key, offset]));
    expect(await readAll(suite.archive, TOPIC, { order: 'offset', partition: 1, fromOffset: 210 })).toEqual([]);
    expect(await readAll(suite.archive, TOPIC, { order: 'offset', partition: 7 })).toEqual([]);
  });

  suite.spec('gives back every record as it was, in log order or by key, to every handle', async () => {
    const records = [0, 1].flatMap((partition) => archiveRecords(10, 2_500, { partition }));
    for (const partition of [0, 1]) {
      const own = records.filter((record) => record.partition === partition);
      await suite.archive.write(TOPIC, partition, own.slice(0, 1_000));
      await suite.archive.write(TOPIC, partition, own.slice(1_000));
    }
    const reader = await suite.under.open();
    expect(plain(await readAll(reader, TOPIC, { order: 'offset' }))).toEqual(plain(records));
    expect(plain(await readAll(reader, TOPIC, { order: 'key' }))).toEqual(plain(byKey(records)));
    expect(await reader.nextOffset(TOPIC, 1)).toBe(2_510);
    expect(await reader.firstOffset(TOPIC, 1)).toBe(10);
  });

  suite.spec('gives all records of a key together, as many as there are', async () => {
    // Long ones that begin alike too, and one with more records than are read at once.
    const keyOf = (offset: number) => (offset % 2 === 0 ? 'busy' : `a viewer with a long name, number ${offset % 50}`);
    for (const partition of [0, 1]) {
      const records = archiveRecords(0, 6_000, { partition });
      await suite.archive.write(
        TOPIC,
        partition,
        records.map((record) => ({ ...record, key: keyOf(record.offset) })),
      );
    }
    for (const range of [{}, { partition: 1, fromOffset: 5_000 }]) {
      const keyed: KeyedRecords[] = [];
      for await (const batch of suite.archive.readKeys(TOPIC, range)) keyed.push(...batch);
      const names = keyed.map(({ partition, key }) => `${partition} ${key}`);
      expect(new Set(names).size).toBe(names.length);
      const byKeys = await readAll(suite.archive, TOPIC, { order: 'key', ...range });
      expect(plain(keyed.flatMap(recordsOf))).toEqual(plain(byKeys));
    }
  });

  suite.spec('keeps keys and values that are no text and no event', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const odd = ['', 'zoë 😀', 'quote \' and "', 'nul \0 within', 'line\nbreak', '%_\\', 'x'.repeat(5_000)];
    const records = odd.map((key, offset) => ({
      topic: TOPIC,
      partition: 0,
      offset,
      timestampMs: NOON_MS,
      key,
      value: [bytes, new Uint8Array(), bytes.subarray(0, 12), bytes.subarray(0, 13)][offset % 4] as Uint8Array,
    }));
    await suite.archive.write(TOPIC, 0, records);
    expect(plain(await readAll(suite.archive, TOPIC, { order: 'offset' }))).toEqual(plain(records));
  });

  suite.spec('keeps topics apart', async () => {
    await suite.archive.write(TOPIC, 0, archiveRecords(0, 3));
    await suite.archive.write(TOPICS.catalog, 0, archiveRecords(0, 5, { topic: TOPICS.catalog }));
    expect((await suite.archive.extent(TOPICS.catalog)).recordCount).toBe(5);
    expect(
      (await readAll(suite.archive, TOPICS.catalog, { order: 'key' })).every(({ topic }) => topic === TOPICS.catalog),
    ).toBe(true);
    expect(await suite.readOffsets()).toEqual([0, 1, 2]);
  });

  suite.spec('streams: a reader may stop after the first batch', async () => {
    await suite.archive.write(TOPIC, 0, archiveRecords(0, 6_000));
    for await (const batch of suite.archive.read(TOPIC, { order: 'offset' })) {
      expect(batch.length).toBeGreaterThan(0);
      expect(batch.length).toBeLessThan(6_000);
      break;
    }
    expect((await suite.archive.extent(TOPIC)).recordCount).toBe(6_000);
  });

  suite.spec('tells its extent by when the events occurred', async () => {
    await suite.archive.write(TOPIC, 0, archiveRecords(0, 10, { atMs: NOON_MS }));
    await suite.archive.write(TOPIC, 1, archiveRecords(0, 10, { partition: 1, atMs: NOON_MS - 5_000 }));
    const earlierMs = NOON_MS - 3 * DAY_MS;
    await suite.archive.write(TOPIC, 2, archiveRecords(0, 7, { partition: 2, atMs: earlierMs }));
    expect(await suite.archive.extent(TOPIC)).toEqual({
      recordCount: 27,
      fileCount: 3,
      minOccurredAtMs: earlierMs,
      maxOccurredAtMs: NOON_MS + 9,
      days: [
        { firstMs: earlierMs, lastMs: earlierMs + 6, count: 7 },
        { firstMs: NOON_MS - 5_000, lastMs: NOON_MS + 9, count: 20 },
      ],
    });
  });

  suite.spec('has no end in the future, whatever time a producer wrote', async () => {
    const recordOf = (offset: number, occurredAtMs: number, receivedAtMs: number): LogRecord => {
      const value = Event.encode(eventOf(searchOf('anna', 'tea'), occurredAtMs, { receivedAtMs })).finish();
      return { topic: TOPIC, partition: 0, offset, timestampMs: NOON_MS, key: 'anna', value };
    };
    const allowedMs = NOON_MS + LIMITS.clockAheadMs;
    await suite.archive.write(TOPIC, 0, [
      recordOf(0, NOON_MS, NOON_MS),
      // In microseconds, of a producer beside the log and by way of a collector.
      recordOf(1, NOON_MS * 1_000, 0),
      recordOf(2, NOON_MS * 1_000, NOON_MS),
      recordOf(3, allowedMs, 0),
      recordOf(4, allowedMs + 1, 0),
      // Of a clock that is years ahead, which tells of the receipt as of the event.
      recordOf(5, NOON_MS * 1.2, NOON_MS * 1.2),
    ]);
    expect(await suite.archive.extent(TOPIC)).toMatchObject({
      recordCount: 6,
      maxOccurredAtMs: allowedMs,
      days: [{ firstMs: NOON_MS, lastMs: allowedMs, count: 2 }],
    });
  });

  suite.spec('archives impressions of many items', async () => {
    const items = range(0, 200).map((i) => impressionItemOf(`video-${i}`, { position: i }));
    const value = Event.encode(eventOf(impressionsServedOf('anna', items), NOON_MS)).finish();
    await suite.archive.write(TOPIC, 0, [
      { topic: TOPIC, partition: 0, offset: 0, timestampMs: NOON_MS, key: 'anna', value },
    ]);
    const [record] = await readAll(suite.archive, TOPIC, { order: 'key' });
    expect(Buffer.compare((record as LogRecord).value, value)).toBe(0);
  });
}

function recordsOf(keyed: KeyedRecords): LogRecord[] {
  return Array.from({ length: keyed.length }, (_, i) => ({
    topic: keyed.topic,
    partition: keyed.partition,
    offset: keyed.offset(i),
    timestampMs: keyed.timestampMs(i),
    key: keyed.key,
    value: keyed.buffer(i).subarray(keyed.valueStart(i), keyed.valueEnd(i)),
  }));
}
