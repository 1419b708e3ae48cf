/** One user whose state or event nothing can be made of does not stop the others, and many do. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { loadDriverSettings } from '@watchnext/config';
import { DeadLetter, type Event, TOPICS } from '@watchnext/contract';
import { openCheckpoints, openParquetArchive } from '@watchnext/event-archive';
import { type LogRecord, partitionOf } from '@watchnext/event-log';
import { openEmbeddedFeatureStore } from '@watchnext/feature-store';
import { eventOf, recordOf, watchOf } from '@watchnext/testing';
import {
  allRecords,
  foldedOnce,
  openStores,
  PARTITIONS,
  quiet,
  sorted,
  storedStates,
  type Stores,
} from '../../test/harness';
import { restorePartition } from '../rebuild/restore-partition';
import { Materialiser } from './materialiser';

/** A video that the reducer does not survive: halfway, when the state has changed already. */
const DEADLY = 'deadly';

jest.mock('@watchnext/features', () => {
  const actual = jest.requireActual<typeof import('@watchnext/features')>('@watchnext/features');
  return {
    ...actual,
    applyEvent: (...args: Parameters<typeof actual.applyEvent>) => {
      const outcome = actual.applyEvent(...args);
      const { body } = args[1];
      if (body?.$case === 'watch' && body.value.videoId === DEADLY)
        throw new TypeError('cannot read what is not there');
      return outcome;
    },
  };
});

const AT_MS = 1_790_000_000_000;
const DAMAGED = Uint8Array.of(0xff, 0xff, 0xff);
const PARTITION = 1;
const USERS = Array.from({ length: 200 }, (_, i) => `user-${i}`).filter(
  (userId) => partitionOf(userId, PARTITIONS) === PARTITION,
);
const [ANNA, BERT] = USERS as [string, string];

describe('what cannot be folded', () => {
  let stores: Stores;
  let materialiser: Materialiser;
  let atMs: number;
  beforeEach(async () => {
    stores = await openStores();
    atMs = AT_MS;
    const options = { partitionCount: PARTITIONS, cachedUsersPerPartition: 3 };
    materialiser = new Materialiser(stores.log, stores.store, quiet, options);
  });
  afterEach(() => stores.dispose());

  const watched = (userId: string, videoId: string): Event => eventOf(watchOf(userId, videoId), (atMs += 1_000));
  const append = (events: readonly Event[]) => stores.log.append(TOPICS.activity, events.map(recordOf));
  const records = async (): Promise<LogRecord[]> =>
    (await allRecords(stores.log, TOPICS.activity)).filter(({ partition }) => partition === PARTITION);
  /** As the log gives all that is next, once. */
  const deliver = async () => {
    const from = (await materialiser.resumeOffset(PARTITION)) ?? 0;
    const next = (await records()).filter(({ offset }) => offset >= from);
    await materialiser.onBatch({
      topic: TOPICS.activity,
      partition: PARTITION,
      records: next,
      nextOffset: from + next.length,
      lag: 0,
      signal: new AbortController().signal,
    });
  };
  const letters = async () =>
    (await allRecords(stores.log, TOPICS.deadLetters))
      .map(({ value }) => DeadLetter.decode(value))
      .map(({ offset, code }) => [offset, code]);
  const states = async () => sorted(await storedStates(stores.store));
  const damage = (userIds: readonly string[]) =>
    stores.store.commit(PARTITION, {
      expected: undefined,
      next: { topic: TOPICS.activity, partition: PARTITION, offset: -1 },
      states: new Map(userIds.map((userId) => [userId, DAMAGED])),
    });
  const hashOf = (userId: string) => createHash('sha256').update(userId).digest('hex').slice(0, 16);

  it('stops its partition at first, with an error that says where, and is a dead letter where it comes again', async () => {
    const events = [watched(ANNA, 'a'), watched(ANNA, DEADLY), watched(BERT, 'b'), watched(ANNA, 'c')];
    await append(events);
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(deliver()).rejects.toThrow(
        `does-not-fold: partition ${PARTITION}, offset 1, user ${hashOf(ANNA)}: cannot read what is not there`,
      );
      expect([await states(), await letters()]).toEqual([[], []]);
    }
    await deliver();
    const sound = events.filter((_, i) => i !== 1);
    expect(await states()).toEqual(sorted(foldedOnce(sound)));
    expect(await letters()).toEqual([[1, 'does-not-fold']]);
    expect((await stores.store.readMark(PARTITION))?.offset).toBe(3);
  });

  it('stops the partition no more for a user of whom something was given up, and does so for another', async () => {
    const sound = [watched(ANNA, 'a')];
    await append([...sound, watched(ANNA, DEADLY)]);
    for (let attempt = 0; attempt < 2; attempt++) await expect(deliver()).rejects.toThrow('does-not-fold');
    await deliver();
    sound.push(watched(ANNA, 'b'));
    await append([watched(ANNA, DEADLY), ...sound.slice(-1)]);
    await deliver();
    expect(await states()).toEqual(sorted(foldedOnce(sound)));
    await append([watched(BERT, DEADLY)]);
    await expect(deliver()).rejects.toThrow('does-not-fold');
    expect(await letters()).toEqual([
      [1, 'does-not-fold'],
      [2, 'does-not-fold'],
    ]);
  });

  it('is left out of a restore too, which comes to the same states', async () => {
    await append([watched(ANNA, 'a'), watched(ANNA, DEADLY), watched(BERT, 'b'), watched(BERT, DEADLY)]);
    for (let attempt = 0; attempt < 2; attempt++) await expect(deliver()).rejects.toThrow('does-not-fold');
    await deliver();
    const archive = openParquetArchive(join(stores.directory, 'archive'));
    const store = openEmbeddedFeatureStore(join(stores.directory, 'restored'));
    const checkpoints = openCheckpoints(loadDriverSettings({}), join(stores.directory, 'checkpoints'));
    await archive.write(TOPICS.activity, PARTITION, await records());
    const report = await restorePartition({ store, archive, checkpoints, logger: quiet }, PARTITION, {
      partitionCount: PARTITIONS,
    });
    expect(report).toMatchObject({ foldedRecordCount: 2, deadRecordCount: 2 });
    expect(sorted(await storedStates(store))).toEqual(await states());
    await Promise.all([store.close(), archive.close()]);
  });

  it('a state that cannot be read stays as it is, its events are dead letters, and the others go on', async () => {
    await damage([ANNA]);
    const ofBert = [watched(BERT, 'b')];
    await append([watched(ANNA, 'a'), ...ofBert, watched(ANNA, 'c')]);
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(deliver()).rejects.toThrow(
        `state-unreadable: partition ${PARTITION}, offset 0, user ${hashOf(ANNA)}`,
      );
    }
    await deliver();
    // It is known by now.
    ofBert.push(watched(BERT, 'd'));
    await append([watched(ANNA, 'e'), ...ofBert.slice(-1)]);
    await deliver();
    const damaged = new Map([[ANNA, Buffer.from(DAMAGED).toString('hex')]]);
    expect(await states()).toEqual(sorted(new Map([...foldedOnce(ofBert), ...damaged])));
    expect(await letters()).toEqual([
      [0, 'state-unreadable'],
      [2, 'state-unreadable'],
      [3, 'state-unreadable'],
    ]);
  });

  it('a state that comes right meanwhile loses nothing', async () => {
    await damage([ANNA]);
    const events = [watched(ANNA, 'a'), watched(BERT, 'b')];
    await append(events);
    for (let attempt = 0; attempt < 2; attempt++) await expect(deliver()).rejects.toThrow('state-unreadable');
    await stores.store.clear(PARTITION);
    await deliver();
    expect(await states()).toEqual(sorted(foldedOnce(events)));
    expect(await letters()).toEqual([]);
  });

  it('stops the partition for as long as it takes where many users are hit: no one’s events are given up then', async () => {
    const hit = USERS.slice(0, 11);
    await damage(hit);
    await append(hit.map((userId) => watched(userId, 'a')));
    for (let attempt = 0; attempt < 2; attempt++) await expect(deliver()).rejects.toThrow('state-unreadable');
    for (let attempt = 0; attempt < 4; attempt++) await expect(deliver()).rejects.toThrow('after 10 users');
    expect(await letters()).toEqual([]);
    expect((await stores.store.readMark(PARTITION))?.offset).toBe(-1);
  });
});
