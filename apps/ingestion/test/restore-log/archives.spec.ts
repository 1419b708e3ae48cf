/** What lies in archives that are not as neat as the log was. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { Event, TOPICS } from '@watchnext/contract';
import { openParquetArchive } from '@watchnext/event-archive';
import { type LogRecord, partitionOf } from '@watchnext/event-log';
import { eventOf, impressionsServedOf, temporaryDirectory, userDeletedOf, watchOf, recordOf } from '@watchnext/testing';
import { allRecords } from '../harness';
import {
  archiveAll,
  AT_MS,
  embeddedLog,
  fold,
  openWorld,
  restore,
  someEvents,
  statesOf,
  type World,
  writeEvents,
} from './world';

const PARTITIONS = 2;

describe('a log that is restored from an archive', () => {
  let directory: { path: string; remove(): Promise<void> };
  let old: World;
  let world: World;

  beforeEach(async () => {
    directory = await temporaryDirectory('restore-archives');
    old = await openWorld(join(directory.path, 'old'), embeddedLog, PARTITIONS);
    world = await openWorld(join(directory.path, 'new'), embeddedLog, PARTITIONS);
  });
  afterEach(async () => {
    await Promise.all([old.close(), world.close()]);
    await directory.remove();
  });

  const restoredEvents = async () =>
    (await allRecords(world.log, TOPICS.activity)).map(({ value }) => Event.decode(value));
  const ofPartition = async (partition: number) =>
    (await allRecords(old.log, TOPICS.activity)).filter((record) => record.partition === partition);

  it('that two archivers wrote has each record once', async () => {
    const events = someEvents(400);
    await writeEvents(old, events);
    await archiveAll(old);
    const other = openParquetArchive(join(directory.path, 'other'));
    for (const partition of [0, 1]) {
      const records = await ofPartition(partition);
      for (let from = 0; from < records.length; from += 45)
        await other.write(TOPICS.activity, partition, records.slice(from, from + 45));
    }
    await other.close();
    await cp(join(directory.path, 'other'), join(directory.path, 'old', 'archive'), { recursive: true });
    expect(await restore(old, world)).toMatchObject({ archivedRecordCount: 400, appendedRecordCount: 400 });
    await fold(old);
    await fold(world);
    expect(await statesOf(world)).toEqual(await statesOf(old));
  });

  it('with accepted gaps, and without its beginning, passes them and counts them', async () => {
    await writeEvents(old, someEvents(200));
    for (const partition of [0, 1]) {
      const records = await ofPartition(partition);
      await old.archive.write(TOPICS.activity, partition, records.slice(10, 40));
      await old.archive.write(TOPICS.activity, partition, [], { firstOffset: 40, nextOffset: 60 });
      await old.archive.write(TOPICS.activity, partition, records.slice(60));
    }
    expect(await restore(old, world)).toMatchObject({
      archivedRecordCount: 140,
      appendedRecordCount: 140,
      offsetsWithoutRecordCount: 40,
      beginsAt: { 0: 10, 1: 10 },
    });
    // Marks that lie in what is missing are of the state before it.
    const lists = (await restoredEvents()).flatMap(({ body }) =>
      body?.$case === 'impressionsServed' && body.value.mark ? [body.value.mark.offset] : [],
    );
    expect(Math.min(...lists)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...lists)).toBeLessThan(90);
  });

  it('gets what nobody had sent on to its user yet, behind all else', async () => {
    const userId = 'user-1';
    const events = [1, 2, 3].map((i) => eventOf(watchOf(userId, `video-${i}`, { playbackId: `p${i}` }), AT_MS + i));
    await old.log.append(TOPICS.activity, events.slice(0, 2).map(recordOf));
    const foreignKey = ['a', 'b', 'c', 'd'].find(
      (key) => partitionOf(key, PARTITIONS) !== partitionOf(userId, PARTITIONS),
    ) as string;
    await old.log.append(TOPICS.activity, [{ ...recordOf(events[1] as Event), key: foreignKey }]);
    await old.log.append(TOPICS.activity, [{ ...recordOf(events[2] as Event), key: foreignKey }]);
    await archiveAll(old);
    const counts = { archivedRecordCount: 4, misplacedRecordCount: 1 };
    expect(await restore(old, world)).toMatchObject({ ...counts, appendedRecordCount: 3 });
    expect((await restoredEvents()).map(({ eventId }) => eventId)).toEqual(events.map(({ eventId }) => eventId));
    expect(await restore(old, world)).toMatchObject({ ...counts, appendedRecordCount: 0, foundRecordCount: 3 });
    await fold(old);
    await fold(world);
    expect(await statesOf(world)).toEqual(await statesOf(old));
  });

  it('gets all that nobody had sent on, however many those are', async () => {
    const events = Array.from({ length: 10_200 }, (_, i) =>
      eventOf(watchOf('anna', `video-${i}`, { playbackId: `p${i}` }), AT_MS + i),
    );
    const partition = 1 - partitionOf('anna', PARTITIONS);
    const records = events.map((event, offset): LogRecord => {
      return { ...recordOf(event), topic: TOPICS.activity, partition, offset, timestampMs: AT_MS };
    });
    await old.archive.write(TOPICS.activity, partition, records);
    const report = await restore(old, world);
    expect(report).toMatchObject({ archivedRecordCount: 10_200, appendedRecordCount: 10_200, misplacedRecordCount: 0 });
    const ids = new Set((await restoredEvents()).map(({ eventId }) => eventId));
    expect(ids).toEqual(new Set(events.map(({ eventId }) => eventId)));
    expect(await restore(old, world)).toMatchObject({ appendedRecordCount: 0, foundRecordCount: 10_200 });
  });

  it('keeps who is deleted deleted, and brings back nobody who was forgotten', async () => {
    const watch = (i: number) => eventOf(watchOf('anna', `video-${i}`, { playbackId: `p${i}` }), AT_MS + i);
    const events = [watch(1), watch(2), eventOf(userDeletedOf('anna'), AT_MS + 3), watch(4)];
    await old.log.append(TOPICS.activity, events.map(recordOf));
    await archiveAll(old);
    // As `npm run forget` leaves it.
    await old.archive.rewrite(TOPICS.activity, ({ offset }) => offset >= 2);
    expect(await restore(old, world)).toMatchObject({ appendedRecordCount: 2, offsetsWithoutRecordCount: 2 });
    expect((await restoredEvents()).map(({ body }) => body?.$case)).toEqual(['userDeleted', 'watch']);
  });

  it('gives events that a producer wrote without a time of receipt that of their record', async () => {
    const event = eventOf(watchOf('anna', 'video-1'), AT_MS, { receivedAtMs: 0 });
    await old.log.append(TOPICS.activity, [{ ...recordOf(event), timestampMs: AT_MS + 5_000 }]);
    await archiveAll(old);
    expect(await restore(old, world)).toMatchObject({ deadRecordCount: 0 });
    expect(await restoredEvents()).toMatchObject([{ eventId: event.eventId, receivedAtMs: AT_MS + 5_000 }]);
  });

  it('of another version of the topic says what it said, and of the new one', async () => {
    const before = 'watchnext.activity.v0';
    const list = impressionsServedOf('anna', [], { mark: { topic: before, partition: 0, offset: 0 } });
    const events = [eventOf(watchOf('anna', 'video-1'), AT_MS), eventOf(list, AT_MS + 1)];
    const records = events.map((event, offset): LogRecord => {
      return { ...recordOf(event), topic: before, partition: 0, offset, timestampMs: AT_MS };
    });
    await old.archive.write(before, 0, records);
    expect(await restore({ ...old, partitionCount: 1 }, world, {}, before)).toMatchObject({
      appendedRecordCount: 2,
      deadRecordCount: 0,
    });
    const partition = partitionOf('anna', PARTITIONS);
    expect((await restoredEvents())[1]?.body?.value).toMatchObject({
      mark: { topic: TOPICS.activity, partition, offset: 0 },
    });
  });
});
