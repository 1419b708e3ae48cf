/** A log out of an archive: the same states byte for byte, the same states of served lists, whatever interrupts it. */
import { join } from 'node:path';
import { Event, TOPICS } from '@watchnext/contract';
import { type EventLog, type NewRecord, partitionOf } from '@watchnext/event-log';
import { decodeState } from '@watchnext/features';
import { eventOf, requireServer, temporaryDirectory, watchOf, recordOf } from '@watchnext/testing';
import { allRecords } from '../harness';
import {
  archiveAll,
  AT_MS,
  embeddedLog,
  fold,
  kafkaLog,
  type OpenLog,
  openWorld,
  restore,
  seenByLists,
  someEvents,
  statesOf,
  type World,
  writeEvents,
} from './world';

const PARTITIONS = 4;
const EVENT_COUNT = 1_600;

/** A log whose appends a test may spoil. */
function spoiled(log: EventLog, append: EventLog['append']): EventLog {
  return new Proxy(log, {
    get: (target, name) => (name === 'append' ? append : Reflect.get(target, name).bind(target)),
  });
}

describe.each([
  ['the embedded log', () => embeddedLog],
  ...(requireServer('Kafka', 'WATCHNEXT_KAFKA_BROKERS')
    ? [['Kafka', () => kafkaLog(process.env['WATCHNEXT_KAFKA_BROKERS'] as string)] as const]
    : []),
] as [string, () => OpenLog][])('a restored log on %s', (_, openLog) => {
  let directory: { path: string; remove(): Promise<void> };
  let old: World;
  let states: Record<string, string>;
  let worlds: World[];

  const newWorld = async (partitionCount = PARTITIONS) => {
    const world = await openWorld(join(directory.path, `new-${worlds.length}`), openLog(), partitionCount);
    worlds.push(world);
    return world;
  };

  beforeAll(async () => {
    worlds = [];
    directory = await temporaryDirectory('restore-log');
    old = await openWorld(join(directory.path, 'old'), openLog(), PARTITIONS);
    const events = someEvents(EVENT_COUNT);
    await writeEvents(old, events.slice(0, 900));
    // What dies, and what is sent on.
    await old.log.append(TOPICS.activity, [{ key: 'user-1', value: Buffer.from([0xff, 0xff]), timestampMs: AT_MS }]);
    await old.log.append(TOPICS.activity, [{ ...recordOf(events[900] as Event), key: 'not-its-user' }]);
    await writeEvents(old, events.slice(901));
    await fold(old);
    await archiveAll(old);
    states = await statesOf(old);
    expect(Object.keys(states)).toHaveLength(25);
  });
  afterEach(async () => {
    await Promise.all(worlds.map((world) => world.close()));
    worlds = worlds.map((world) => ({ ...world, close: async () => undefined }));
  });
  afterAll(async () => {
    await old.close();
    await directory.remove();
  });

  it.each([PARTITIONS, 3, 8, 1])('of %i partitions gives the states of before, and lists theirs', async (count) => {
    const world = await newWorld(count);
    const report = await restore(old, world);
    expect(report).toMatchObject({
      archivedRecordCount: EVENT_COUNT + 2,
      appendedRecordCount: EVENT_COUNT + 1,
      foundRecordCount: 0,
      misplacedRecordCount: 1,
      deadRecordCount: 1,
      offsetsWithoutRecordCount: 0,
      beginsAt: {},
    });
    await fold(world);
    expect(await statesOf(world)).toEqual(states);
    const lists = await seenByLists(world);
    expect(Object.keys(lists).length).toBeGreaterThan(200);
    expect(lists).toEqual(await seenByLists(old));
    const deleted = Object.entries(states).filter(([, state]) => decodeState(Buffer.from(state, 'hex')).deleted);
    expect(deleted.length).toBeGreaterThan(0);
  });

  it('is archived anew, and restored from that archive once more', async () => {
    const second = await newWorld();
    await restore(old, second);
    await archiveAll(second);
    const third = await newWorld(2);
    await restore(second, third);
    await fold(third);
    expect(await statesOf(third)).toEqual(states);
    expect(await seenByLists(third)).toEqual(await seenByLists(old));
  });

  it('has times of now, and events theirs', async () => {
    const beganAtMs = Date.now();
    const world = await newWorld();
    await restore(old, world);
    const records = await allRecords(world.log, TOPICS.activity);
    expect(records.every(({ timestampMs }) => timestampMs >= beganAtMs - 1_000)).toBe(true);
    expect(Math.min(...records.slice(1).map(({ value }) => receivedAtMs(value)))).toBeLessThan(AT_MS + 86_400_000);
  });

  it.each([1, 2, 7])('that was cut off after %i appends has each record once after the next run', async (cut) => {
    const world = await newWorld();
    const whole = await newWorld();
    await restore(old, whole);
    let appends = 0;
    const cutting = spoiled(world.log, (topic, records, signal) => {
      if (appends++ === cut) return Promise.reject(new Error('cut off'));
      return world.log.append(topic, records, signal);
    });
    await expect(restore(old, { ...world, log: cutting })).rejects.toThrow('cut off');
    const report = await restore(old, world);
    expect(report.foundRecordCount).toBeGreaterThan(0);
    expect(report.foundRecordCount + report.appendedRecordCount).toBe(EVENT_COUNT + 1);
    expect(await valuesOf(world)).toEqual(await valuesOf(whole));
    expect(await restore(old, world)).toMatchObject({ appendedRecordCount: 0, foundRecordCount: EVENT_COUNT + 1 });
  });

  it('into which an append came in part has each record once after the next run', async () => {
    const world = await newWorld(3);
    const whole = await newWorld(3);
    await restore(old, whole);
    let appends = 0;
    const cutting = spoiled(world.log, async (topic, records) => {
      if (appends++ < 2) return world.log.append(topic, records);
      // One partition has its share, the others none, as where their leaders are gone.
      await world.log.append(
        topic,
        records.filter(({ key }) => partitionOf(key, 3) === 1),
      );
      throw new Error('cut off');
    });
    await expect(restore(old, { ...world, log: cutting })).rejects.toThrow('cut off');
    await restore(old, world);
    expect(await valuesOf(world)).toEqual(await valuesOf(whole));
  });

  it('whose appends came twice, as where answers got lost, gives the states of before', async () => {
    const world = await newWorld();
    let appends = 0;
    const twice = spoiled(world.log, async (topic: string, records: readonly NewRecord[]) => {
      const positions = await world.log.append(topic, records);
      return appends++ % 3 === 1 ? world.log.append(topic, records) : positions;
    });
    const report = await restore(old, { ...world, log: twice });
    expect(appends).toBeGreaterThan(3);
    expect(report.appendedRecordCount).toBe(EVENT_COUNT + 1);
    expect((await allRecords(world.log, TOPICS.activity)).length).toBeGreaterThan(EVENT_COUNT + 1);
    await fold(world);
    expect(await statesOf(world)).toEqual(states);
    expect(await seenByLists(world)).toEqual(await seenByLists(old));
    expect((await restore(old, world)).appendedRecordCount).toBe(0);
  });

  it('stops where somebody else writes to it, at the start and in the middle', async () => {
    const world = await newWorld();
    const event = eventOf(watchOf('user-1', 'video-1'), Date.now());
    const busy = spoiled(world.log, async (topic, records) => {
      await world.log.append(topic, [recordOf(event)]);
      return world.log.append(topic, records);
    });
    await expect(restore(old, { ...world, log: busy })).rejects.toThrow(/foreign record/);
    await expect(restore(old, world)).rejects.toThrow(/foreign record/);
  });

  it('stops where another run writes to it', async () => {
    const world = await newWorld();
    let other: Promise<unknown> | undefined;
    const busy = spoiled(world.log, async (topic, records) => {
      await (other ??= restore(old, world));
      return world.log.append(topic, records);
    });
    await expect(restore(old, { ...world, log: busy })).rejects.toThrow(/another "npm run restore-log" writes/);
  });

  it('is not gone on with out of another archive', async () => {
    const other = await newWorld();
    await writeEvents(other, someEvents(30));
    await archiveAll(other);
    const world = await newWorld();
    await restore(other, world);
    await expect(restore(old, world)).rejects.toThrow(/was restored from another archive/);
  });

  it('stops between two appends when it is told to', async () => {
    const world = await newWorld();
    const stopping = new AbortController();
    const slow = spoiled(world.log, (topic, records) => {
      stopping.abort(new Error('told to'));
      return world.log.append(topic, records);
    });
    await expect(restore(old, { ...world, log: slow }, { signal: stopping.signal })).rejects.toThrow('told to');
    const there = (await allRecords(world.log, TOPICS.activity)).length;
    expect(there).toBeGreaterThan(0);
    expect((await restore(old, world)).foundRecordCount).toBe(there);
  });

  it('is not read on when it is told to stop', async () => {
    const world = await newWorld();
    await restore(old, world);
    const stopping = new AbortController();
    let looks = 0;
    const onLook = () => {
      looks++;
      stopping.abort(new Error('told to'));
    };
    const started = restore(old, world, { signal: stopping.signal, onLook });
    await expect(started).rejects.toThrow('told to');
    // Each partition is a batch.
    expect(looks).toBeLessThan(PARTITIONS);
    await expect(restore(old, world, { signal: stopping.signal, onLook })).rejects.toThrow('told to');
    expect(looks).toBeLessThan(PARTITIONS);
  });

  it('is read from the ends on that are known where an answer got lost', async () => {
    const world = await newWorld();
    let appends = 0;
    let appendedCount = 0;
    const twice = spoiled(world.log, async (topic: string, records: readonly NewRecord[]) => {
      const positions = await world.log.append(topic, records);
      if (appends++ !== 2) return positions;
      appendedCount = records.length;
      return world.log.append(topic, records);
    });
    const totals = new Set<number>();
    await restore(old, { ...world, log: twice }, { onLook: (_done, total) => totals.add(total) });
    expect(appendedCount).toBeGreaterThan(0);
    expect([...totals]).toEqual([2 * appendedCount]);
  });

  it('is counted by a dry run, and left alone', async () => {
    const world = await newWorld();
    const counts = { archivedRecordCount: EVENT_COUNT + 2, appendedRecordCount: EVENT_COUNT + 1 };
    expect(await restore(old, world, { dryRun: true })).toMatchObject(counts);
    expect(await restore(old, world, { dryRun: true, log: undefined })).toMatchObject(counts);
    expect(await allRecords(world.log, TOPICS.activity)).toEqual([]);
  });
});

const receivedAtMs = (value: Uint8Array): number => {
  try {
    return Event.decode(value).receivedAtMs;
  } catch {
    return Infinity;
  }
};

/** By partition. */
async function valuesOf({ log }: World): Promise<Record<number, string[]>> {
  const values: Record<number, string[]> = {};
  for (const { partition, value } of await allRecords(log, TOPICS.activity))
    (values[partition] ??= []).push(Buffer.from(value).toString('hex'));
  return values;
}
