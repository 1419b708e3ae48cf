/**
 * What every driver of the event archive must do: give back what was written, each record once, in the order asked
 * for; account for every offset; and keep all that was acknowledged, whatever crashes.
 */
import { Event, TOPICS } from '@watchnext/contract';
import type { ArchiveReadOptions, EventArchive } from '@watchnext/event-archive';
import type { LogRecord } from '@watchnext/event-log';
import { eventOf, impressionItemOf, impressionsServedOf, searchOf, watchOf } from '../builders';
import { ChildProgram } from '../child-program';
import { eventually } from '../eventually';
import type { ArchiveProgramMessage } from './processes/event-archive-program';

/** One archive, empty at first, for one test. */
export interface EventArchiveUnderTest {
  /** A handle of its own, as another process would have it; closed by `dispose` if the test has not. */
  open(): Promise<EventArchive>;
  /** How another process opens the same archive: a module that exports `open(location): Promise<EventArchive>`. */
  readonly module: string;
  readonly location: string;
  /** Names of the stored files, `topic/dt=…/…`, sorted. */
  files(): Promise<string[]>;
  /** Replaces the stored bytes of such a file, behind the driver's back; undefined removes it. */
  damage(file: string, change: (bytes: Buffer) => Buffer | undefined): Promise<void>;
  dispose(): Promise<void>;
}

const TEST_LIMIT_MS = 120_000;
const DAY_MS = 86_400_000;
const NOON_MS = Date.UTC(2026, 10, 23, 12);
const TOPIC = TOPICS.activity;

/** Records of one partition from an offset on, with values that are events of a few users. */
export function archiveRecords(
  from: number,
  count: number,
  overrides: { partition?: number; atMs?: number; receivedAtMs?: number; topic?: string } = {},
): LogRecord[] {
  const { partition = 0, atMs = NOON_MS, topic = TOPIC } = overrides;
  return Array.from({ length: count }, (_, i) => {
    const offset = from + i;
    const userId = `user-${(offset * 7) % 5}`;
    const body = offset % 3 === 0 ? searchOf(userId, `query ${offset}`) : watchOf(userId, `video-${offset}`);
    const event = eventOf(body, atMs + i, { receivedAtMs: overrides.receivedAtMs ?? atMs + i });
    return { topic, partition, offset, timestampMs: atMs + i, key: userId, value: Event.encode(event).finish() };
  });
}

/** Everything read, in one list. */
export async function readAll(archive: EventArchive, topic: string, options: ArchiveReadOptions): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for await (const batch of archive.read(topic, options)) records.push(...batch);
  return records;
}

/** One line a record: comparing thousands of objects takes Jest seconds. */
const plain = (records: readonly LogRecord[]) =>
  records.map((record) => JSON.stringify({ ...record, value: Buffer.from(record.value).toString('base64') }));
const byKey = (records: readonly LogRecord[]) =>
  [...records].sort(
    (a, b) => a.partition - b.partition || (a.key < b.key ? -1 : a.key > b.key ? 1 : a.offset - b.offset),
  );
const offsetsOf = (records: readonly LogRecord[]) => records.map(({ offset }) => offset);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** Declares the suite for a driver. */
export function describeEventArchive(driver: string, create: () => Promise<EventArchiveUnderTest>): void {
  describe(`event archive conformance: ${driver}`, () => {
    let under: EventArchiveUnderTest;
    let archive: EventArchive;
    const children: ChildProgram<ArchiveProgramMessage>[] = [];
    beforeEach(async () => {
      under = await create();
      archive = await under.open();
    }, TEST_LIMIT_MS);
    afterEach(async () => {
      await Promise.all(children.splice(0).map((child) => child.kill()));
      await under.dispose();
    }, TEST_LIMIT_MS);

    const spec = (name: string, body: () => Promise<void>) => it(name, body, TEST_LIMIT_MS);
    const readOffsets = async (options: ArchiveReadOptions = { order: 'offset' }) =>
      offsetsOf(await readAll(archive, TOPIC, options));
    const daysOf = async () => (await under.files()).map((file) => /dt=(.{10})/.exec(file)?.[1]);
    const startWriter = () => {
      const file = `${__dirname}/processes/event-archive-program.ts`;
      const child = ChildProgram.start<ArchiveProgramMessage>(file, [under.module, under.location]);
      children.push(child);
      return child;
    };

    spec('answers questions by SQL over all records, each once, and of an empty topic none', async () => {
      const count = `SELECT count(*)::DOUBLE AS "count", count(DISTINCT video_id)::DOUBLE AS videos FROM events`;
      const asked = (fromDay?: string) =>
        archive.analyse(TOPIC, fromDay === undefined ? {} : { fromDay }, (table) => table.rows(count));
      expect(await asked()).toEqual([{ count: 0, videos: 0 }]);
      await archive.write(TOPIC, 0, archiveRecords(0, 30));
      await archive.write(TOPIC, 0, archiveRecords(20, 30));
      await archive.write(TOPIC, 1, archiveRecords(0, 30, { partition: 1, atMs: NOON_MS + DAY_MS }));
      expect(await asked()).toEqual([{ count: 80, videos: 33 }]);
      expect(await asked(new Date(NOON_MS + DAY_MS).toISOString().slice(0, 10))).toEqual([{ count: 30, videos: 20 }]);
      const kept = await archive.analyse(TOPIC, {}, async (table) => {
        await table.run(`CREATE TEMP TABLE watches AS SELECT * FROM events WHERE kind = 'watch'`);
        return table.rows('SELECT count(*)::DOUBLE AS "count" FROM watches');
      });
      expect(kept).toEqual([{ count: 53 }]);
      const failing = archive.analyse(TOPIC, {}, async (table) => table.rows('SELECT nothing FROM events'));
      await expect(failing).rejects.toThrow(/nothing/);
    });

    spec('has the columns of a list: its place in experiments, size, rung and latency', async () => {
      const body = impressionsServedOf('ada', [impressionItemOf('v1'), impressionItemOf('v2')], {
        rung: 2,
        latencyMs: 17,
        context: {
          requestedAtMs: NOON_MS,
          surface: 'home',
          country: 'SE',
          device: 'tv',
          loggedIn: true,
          seedVideoId: '',
        },
        assignments: [
          { experimentId: 'one', variantId: 'a', overridden: false },
          { experimentId: 'two', variantId: 'b', overridden: true },
        ],
        exploredPlaces: [{ position: 0, options: [] }],
      });
      const value = Event.encode(eventOf(body, NOON_MS)).finish();
      await archive.write(TOPIC, 0, [
        { topic: TOPIC, partition: 0, offset: 0, timestampMs: NOON_MS, key: 'ada', value },
        ...archiveRecords(1, 1),
      ]);
      const rows = await archive.analyse(TOPIC, {}, (table) =>
        table.rows(
          'SELECT country, device, assignments, explored, item_count, rung, latency_ms FROM events ORDER BY "offset"',
        ),
      );
      expect(rows).toEqual([
        {
          country: 'SE',
          device: 'tv',
          assignments: 'one=a;two=!b',
          explored: true,
          item_count: 2,
          rung: 2,
          latency_ms: 17,
        },
        {
          country: null,
          device: null,
          assignments: null,
          explored: null,
          item_count: null,
          rung: null,
          latency_ms: null,
        },
      ]);
    });

    spec('is empty at first', async () => {
      expect(await archive.nextOffset(TOPIC, 0)).toBeUndefined();
      expect(await archive.firstOffset(TOPIC, 0)).toBeUndefined();
      expect(await readOffsets()).toEqual([]);
      expect(await archive.extent(TOPIC)).toEqual({ recordCount: 0, fileCount: 0 });
      await archive.write(TOPIC, 0, []);
      expect(await under.files()).toEqual([]);
    });

    spec('reads one partition from an offset on', async () => {
      for (const partition of [0, 1]) {
        for (const from of [10, 110]) await archive.write(TOPIC, partition, archiveRecords(from, 100, { partition }));
      }
      const wanted = { partition: 1, fromOffset: 150 };
      const records = await readAll(archive, TOPIC, { order: 'offset', ...wanted });
      expect(records.every(({ partition }) => partition === 1)).toBe(true);
      expect(offsetsOf(records)).toEqual(range(150, 210));
      const all = archiveRecords(10, 200, { partition: 1 }).filter(({ offset }) => offset >= 150);
      expect(
        (await readAll(archive, TOPIC, { order: 'key', ...wanted })).map(({ key, offset }) => [key, offset]),
      ).toEqual(byKey(all).map(({ key, offset }) => [key, offset]));
      expect(await readAll(archive, TOPIC, { order: 'offset', partition: 1, fromOffset: 210 })).toEqual([]);
      expect(await readAll(archive, TOPIC, { order: 'offset', partition: 7 })).toEqual([]);
    });

    spec('rewrites what holds records to remove, leaves the rest alone, and goes on where it was', async () => {
      const records = archiveRecords(0, 600);
      for (const from of [0, 200, 400]) await archive.write(TOPIC, 0, records.slice(from, from + 200));
      const untouched = (await under.files())[2] as string;
      const keep = ({ key, offset }: LogRecord) => offset >= 400 || key !== 'user-1';
      const gone = records.filter((record) => !keep(record)).length;
      expect(gone).toBeGreaterThan(0);
      expect(await archive.rewrite(TOPIC, keep)).toEqual({
        fileCount: 3,
        rewrittenFileCount: 2,
        removedRecordCount: gone,
      });
      const reader = await under.open();
      expect(plain(await readAll(reader, TOPIC, { order: 'offset' }))).toEqual(plain(records.filter(keep)));
      expect(await under.files()).toHaveLength(3);
      expect(await under.files()).toContain(untouched);
      expect(await archive.rewrite(TOPIC, keep)).toEqual({
        fileCount: 3,
        rewrittenFileCount: 0,
        removedRecordCount: 0,
      });
      expect(await reader.nextOffset(TOPIC, 0)).toBe(600);
      await archive.write(TOPIC, 0, archiveRecords(600, 10));
      expect((await readOffsets()).slice(-10)).toEqual(range(600, 610));
    });

    spec('keeps the place of a file of which nothing is left', async () => {
      for (const from of [0, 100, 200]) await archive.write(TOPIC, 0, archiveRecords(from, 100));
      await archive.rewrite(TOPIC, ({ offset }) => offset < 100 || offset >= 200);
      expect(await readOffsets()).toEqual([...range(0, 100), ...range(200, 300)]);
      await archive.rewrite(TOPIC, () => false);
      expect(await readOffsets()).toEqual([]);
      expect(await archive.nextOffset(TOPIC, 0)).toBe(300);
      expect((await archive.extent(TOPIC)).recordCount).toBe(0);
    });

    spec('gives back every record as it was, in log order or by key, to every handle', async () => {
      const records = [0, 1].flatMap((partition) => archiveRecords(10, 2_500, { partition }));
      for (const partition of [0, 1]) {
        const own = records.filter((record) => record.partition === partition);
        await archive.write(TOPIC, partition, own.slice(0, 1_000));
        await archive.write(TOPIC, partition, own.slice(1_000));
      }
      const reader = await under.open();
      expect(plain(await readAll(reader, TOPIC, { order: 'offset' }))).toEqual(plain(records));
      expect(plain(await readAll(reader, TOPIC, { order: 'key' }))).toEqual(plain(byKey(records)));
      expect(await reader.nextOffset(TOPIC, 1)).toBe(2_510);
      expect(await reader.firstOffset(TOPIC, 1)).toBe(10);
    });

    spec('keeps keys and values that are no text and no event', async () => {
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
      await archive.write(TOPIC, 0, records);
      expect(plain(await readAll(archive, TOPIC, { order: 'offset' }))).toEqual(plain(records));
    });

    spec('keeps topics apart', async () => {
      await archive.write(TOPIC, 0, archiveRecords(0, 3));
      await archive.write(TOPICS.catalog, 0, archiveRecords(0, 5, { topic: TOPICS.catalog }));
      expect((await archive.extent(TOPICS.catalog)).recordCount).toBe(5);
      expect(
        (await readAll(archive, TOPICS.catalog, { order: 'key' })).every(({ topic }) => topic === TOPICS.catalog),
      ).toBe(true);
      expect(await readOffsets()).toEqual([0, 1, 2]);
    });

    spec('streams: a reader may stop after the first batch', async () => {
      await archive.write(TOPIC, 0, archiveRecords(0, 6_000));
      for await (const batch of archive.read(TOPIC, { order: 'offset' })) {
        expect(batch.length).toBeGreaterThan(0);
        expect(batch.length).toBeLessThan(6_000);
        break;
      }
      expect((await archive.extent(TOPIC)).recordCount).toBe(6_000);
    });

    spec('tells its extent by when the events occurred', async () => {
      await archive.write(TOPIC, 0, archiveRecords(0, 10, { atMs: NOON_MS }));
      await archive.write(TOPIC, 1, archiveRecords(0, 10, { partition: 1, atMs: NOON_MS - 5_000 }));
      expect(await archive.extent(TOPIC)).toEqual({
        recordCount: 20,
        fileCount: 2,
        minOccurredAtMs: NOON_MS - 5_000,
        maxOccurredAtMs: NOON_MS + 9,
      });
    });

    it.each<[string, () => LogRecord[]]>([
      ['offsets that do not ascend', () => archiveRecords(0, 2).reverse()],
      ['the same offset twice', () => [...archiveRecords(0, 1), ...archiveRecords(0, 1)]],
      ['records of another partition', () => archiveRecords(0, 2, { partition: 3 })],
    ])(
      'refuses a run with %s',
      async (_name, records) => {
        await expect(archive.write(TOPIC, 0, records())).rejects.toBeInstanceOf(RangeError);
        expect(await under.files()).toEqual([]);
      },
      TEST_LIMIT_MS,
    );

    describe('goes on without gaps', () => {
      spec('where the last run ended, in whichever process that was', async () => {
        await archive.write(TOPIC, 0, archiveRecords(100, 50));
        const other = await under.open();
        expect(await other.nextOffset(TOPIC, 0)).toBe(150);
        await other.write(TOPIC, 0, archiveRecords(150, 50));
        expect(await archive.nextOffset(TOPIC, 0)).toBe(200);
        expect(await readOffsets()).toEqual(range(100, 200));
      });

      spec('over offsets that the log no longer has', async () => {
        await archive.write(TOPIC, 0, archiveRecords(0, 10));
        await archive.write(TOPIC, 0, [...archiveRecords(20, 5), ...archiveRecords(30, 5)]);
        expect(await readOffsets()).toEqual([...range(0, 10), ...range(20, 25), ...range(30, 35)]);
      });

      spec('and gives each record once where runs overlap', async () => {
        await archive.write(TOPIC, 0, archiveRecords(0, 100));
        await (await under.open()).write(TOPIC, 0, archiveRecords(50, 100));
        await archive.write(TOPIC, 0, archiveRecords(20, 10));
        await archive.write(TOPIC, 0, archiveRecords(0, 100));
        expect(await archive.nextOffset(TOPIC, 0)).toBe(150);
        expect(await readOffsets()).toEqual(range(0, 150));
        expect(offsetsOf(byKey(await readAll(archive, TOPIC, { order: 'offset' })))).toEqual(
          await readOffsets({ order: 'key' }),
        );
        expect((await archive.extent(TOPIC)).recordCount).toBe(150);
      });

      spec('and names the offsets of a file that went missing, until they are archived again', async () => {
        for (const from of [0, 10, 20]) await archive.write(TOPIC, 0, archiveRecords(from, 10));
        await under.damage((await under.files())[1] as string, () => undefined);
        await expect(readOffsets()).rejects.toMatchObject({ code: 'archive-gap', partition: 0, from: 10, to: 19 });
        await archive.write(TOPIC, 0, archiveRecords(10, 10));
        expect(await readOffsets()).toEqual(range(0, 30));
      });
    });

    describe('puts records into days', () => {
      spec('of their receipt, and cuts a run where the day changes', async () => {
        const records = [...archiveRecords(0, 10), ...archiveRecords(10, 10, { atMs: NOON_MS + DAY_MS })];
        await archive.write(TOPIC, 0, records);
        expect(await daysOf()).toEqual(['2026-11-23', '2026-11-24']);
        expect(await readOffsets()).toEqual(range(0, 20));
        expect(await readOffsets({ order: 'offset', fromDay: '2026-11-24' })).toEqual(range(10, 20));
        expect(await readOffsets({ order: 'key', fromDay: '2026-11-25' })).toEqual([]);
      });

      spec('that never go back along a partition: a late record lies with its neighbours', async () => {
        await archive.write(TOPIC, 0, archiveRecords(0, 10));
        await archive.write(TOPIC, 0, archiveRecords(10, 10, { atMs: NOON_MS - 3 * DAY_MS }));
        await archive.write(TOPIC, 1, archiveRecords(0, 10, { partition: 1, atMs: NOON_MS - 3 * DAY_MS }));
        expect(await readOffsets({ order: 'offset', fromDay: '2026-11-23' })).toEqual(range(0, 20));
      });

      spec('that no wrong clock drags into the future', async () => {
        await archive.write(TOPIC, 0, archiveRecords(0, 10, { receivedAtMs: NOON_MS + 400 * DAY_MS }));
        await archive.write(TOPIC, 0, archiveRecords(10, 10));
        expect(new Set(await daysOf())).toEqual(new Set(['2026-11-23']));
      });

      spec('by the log where an event does not say when it was received', async () => {
        await archive.write(TOPIC, 0, archiveRecords(0, 10, { receivedAtMs: 0 }));
        expect(await daysOf()).toEqual(['2026-11-23']);
      });

      spec('where a backfill belongs', async () => {
        const [record] = archiveRecords(0, 1, { receivedAtMs: NOON_MS - 100 * DAY_MS }) as [LogRecord];
        await archive.write(TOPIC, 0, [record]);
        expect(await daysOf()).toEqual(['2026-08-15']);
      });
    });

    it.each<[string, (bytes: Buffer) => Buffer]>([
      ['truncated', (bytes) => bytes.subarray(0, bytes.length / 2)],
      ['emptied', () => Buffer.alloc(0)],
      ['overwritten', (bytes) => Buffer.alloc(bytes.length, 'x')],
    ])(
      'names a file that was %s',
      async (_name, change) => {
        for (const from of [0, 10, 20]) await archive.write(TOPIC, 0, archiveRecords(from, 10));
        const damaged = (await under.files())[1] as string;
        await under.damage(damaged, change);
        const reader = await under.open();
        for (const order of ['offset', 'key'] as const) {
          const error = await readAll(reader, TOPIC, { order }).catch((reason: unknown) => reason);
          expect(error).toMatchObject({
            code: 'archive-corrupt',
            retriable: false,
            path: expect.stringContaining(damaged),
          });
        }
        await expect(reader.extent(TOPIC)).rejects.toMatchObject({ code: 'archive-corrupt' });
      },
      TEST_LIMIT_MS,
    );

    spec('names a file with any one bit flipped', async () => {
      await archive.write(TOPIC, 0, archiveRecords(0, 300));
      const [file] = (await under.files()) as [string];
      const reader = await under.open();
      for (const share of [0.001, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999]) {
        const flip = (bytes: Buffer) => {
          const changed = Buffer.from(bytes);
          const place = Math.floor(bytes.length * share);
          changed[place] = (changed[place] as number) ^ 0x04;
          return changed;
        };
        await under.damage(file, flip);
        for (const order of ['offset', 'key'] as const) {
          const error = await readAll(reader, TOPIC, { order }).catch((reason: unknown) => reason);
          expect(error).toMatchObject({ code: 'archive-corrupt', path: expect.stringContaining(file) });
        }
        await under.damage(file, flip);
      }
      expect(await readOffsets()).toEqual(range(0, 300));
    });

    spec('archives impressions of many items', async () => {
      const items = range(0, 200).map((i) => impressionItemOf(`video-${i}`, { position: i }));
      const value = Event.encode(eventOf(impressionsServedOf('anna', items), NOON_MS)).finish();
      await archive.write(TOPIC, 0, [
        { topic: TOPIC, partition: 0, offset: 0, timestampMs: NOON_MS, key: 'anna', value },
      ]);
      const [record] = await readAll(archive, TOPIC, { order: 'key' });
      expect(Buffer.compare((record as LogRecord).value, value)).toBe(0);
    });

    spec('has all that was acknowledged, and nothing half, after writers were killed in the middle', async () => {
      for (const runCount of [1, 3]) {
        const writer = startWriter();
        await eventually(async () => expect(writer.ofKind('acknowledged').length).toBeGreaterThanOrEqual(runCount));
        await writer.kill();
        const acknowledged = Math.max(...writer.ofKind('acknowledged').map(({ nextOffset }) => nextOffset));
        const next = await archive.nextOffset(TOPIC, 0);
        expect(next).toBeGreaterThanOrEqual(acknowledged);
        expect(await readOffsets()).toEqual(range(0, next as number));
      }
    });
  });
}
