import { Event, TOPICS } from '@watchnext/contract';
import { CheckpointCorruptError, type CheckpointedState } from '@watchnext/event-archive';
import { partitionOf, type LogRecord } from '@watchnext/event-log';
import { applyEvent, encodeState, newState, replayUser, userIdOf } from '@watchnext/features';
import {
  createTestBucket,
  eventOf,
  impressionItemOf,
  impressionsServedOf,
  recordOf,
  requireServer,
  searchOf,
  userDeletedOf,
  watchOf,
} from '@watchnext/testing';
import { describeReport, forgetUsers } from '../src/forget-users';
import { openWorld, type OperatorWorld, PARTITIONS } from './harness';

jest.setTimeout(120_000);

const AT_MS = Date.now() - 3_600_000;
const mergedOf = (userId: string, anonymousUserId: string) =>
  ({ $case: 'userMerged', value: { userId, anonymousUserId, history: undefined } }) as const;
const createdOf = (userId: string) => ({ $case: 'userUpserted', value: { userId, profile: undefined } }) as const;

function life(userId: string, count: number, from = 0): Event[] {
  return Array.from({ length: count }, (_, i) => {
    const atMs = AT_MS + (from + i) * 1_000;
    if (i % 3 === 0) return eventOf(searchOf(userId, `a search ${i}`), atMs);
    if (i % 3 === 1) return eventOf(impressionsServedOf(userId, [impressionItemOf(`v${i}`)]), atMs);
    return eventOf(watchOf(userId, `v${i}`, { playbackId: `${userId}-${i}`, positionSeconds: 90 }), atMs);
  });
}

/** A user's id that lies in a partition. */
function idIn(partition: number): string {
  for (let i = 0; ; i++) if (partitionOf(`user-${i}`, PARTITIONS) === partition) return `user-${i}`;
}

const placeOf = (partition: number) => ({ topic: TOPICS.activity, partition, offset: 5, stateFormat: 0 });

async function* statesOf(...states: CheckpointedState[]) {
  yield* states;
}

/** Stops the next rewrite where it comes to another partition than the one that it has begun with. */
function killedAfterFirstPartition({ archive }: OperatorWorld): void {
  const rewrite = archive.rewrite.bind(archive);
  let first: number | undefined;
  jest.spyOn(archive, 'rewrite').mockImplementationOnce((topic, keep) =>
    rewrite(topic, (record) => {
      if (record.partition !== (first ??= record.partition)) throw new Error('killed');
      return keep(record);
    }),
  );
}

/** Stops at the beginning of a pass, counted from 1. */
function killedInPass({ archive }: OperatorWorld, pass: number): void {
  const rewrite = archive.rewrite.bind(archive);
  const spy = jest.spyOn(archive, 'rewrite');
  for (let before = 1; before < pass; before++) spy.mockImplementationOnce((topic, keep) => rewrite(topic, keep));
  spy.mockImplementationOnce(() => Promise.reject(new Error('killed')));
}

function killedBeforeCheckpoints({ checkpoints }: OperatorWorld): void {
  jest.spyOn(checkpoints, 'list').mockRejectedValueOnce(new Error('killed'));
}

function describeForget(name: string, environment: () => Promise<Record<string, string>>): void {
  describe(`forgetting users: ${name}`, () => {
    let world: OperatorWorld;
    beforeEach(async () => (world = await openWorld(await environment())));
    afterEach(() => world.dispose());

    async function recordsByUser(): Promise<Map<string, LogRecord[]>> {
      const byUser = new Map<string, LogRecord[]>();
      for await (const batch of world.archive.read(TOPICS.activity, { order: 'offset' })) {
        for (const record of batch) {
          const userId = userIdOf(Event.decode(record.value)) as string;
          byUser.set(userId, [...(byUser.get(userId) ?? []), record]);
        }
      }
      return byUser;
    }

    /** What a training run would learn from a user. */
    async function exampleCount(userId: string): Promise<number> {
      const records = ((await recordsByUser()).get(userId) ?? []).map(({ topic, partition, offset, value }) => ({
        topic,
        partition,
        offset,
        event: Event.decode(value),
      }));
      const { candidateExamples, rankingExamples } = replayUser(records, { joinWindowMs: 0, logEndMs: Infinity });
      return candidateExamples.length + rankingExamples.length;
    }

    it('removes all before the deletion, the merged viewers with it, and nothing of others', async () => {
      const keeper = life('keeper', 60);
      await world.append([...keeper, ...life('anon', 12), ...life('gone', 30)]);
      await world.archived();
      expect(await exampleCount('gone')).toBeGreaterThan(0);
      await world.append([
        eventOf(mergedOf('gone', 'anon'), AT_MS + 40_000),
        // A foreign partitioner had put this one elsewhere; it lies in the archive under the wrong key.
      ]);
      const stray = life('gone', 1, 50)[0] as Event;
      await world.log.append(TOPICS.activity, [{ ...recordOf(stray), key: 'some-other-key' }]);
      const deletion = eventOf(userDeletedOf('gone'), AT_MS + 100_000);
      await world.append([deletion, eventOf(searchOf('gone', 'ignored'), AT_MS + 101_000)]);
      await world.archived();

      const dry = await forgetUsers(world, { dryRun: true });
      expect(dry.users.map(({ userId, removedRecordCount }) => [userId, removedRecordCount]).sort()).toEqual([
        ['anon', 12],
        ['gone', 32],
      ]);
      expect((await recordsByUser()).get('gone')).toHaveLength(34);

      const report = await forgetUsers(world);
      expect(report).toMatchObject({ remainingRecordCount: 0, dryRun: false, unknownUserIds: [] });
      expect(report.users).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ userId: 'gone', removedRecordCount: 32, remainingRecordCount: 0 }),
          expect.objectContaining({
            userId: 'anon',
            mergedInto: 'gone',
            removedRecordCount: 12,
            remainingRecordCount: 0,
          }),
        ]),
      );
      expect(report.archive.rewrittenFileCount).toBeGreaterThan(0);
      expect(report.elsewhere.usersWithRecordsInLog).toBe(2);
      expect(describeReport(report)).toContain('gone: 32 records removed, 0 found afterwards');

      const left = await recordsByUser();
      expect(left.get('keeper')).toHaveLength(keeper.length);
      expect(left.get('gone')?.map(({ value }) => Event.decode(value).body?.$case)).toEqual(['userDeleted', 'search']);
      expect(left.get('anon')?.map(({ value }) => Event.decode(value).body?.$case)).toEqual(['userDeleted']);
      expect(await exampleCount('gone')).toBe(0);
      expect(await exampleCount('anon')).toBe(0);
      expect(await exampleCount('keeper')).toBeGreaterThan(0);

      const again = await forgetUsers(world);
      expect(again.archive).toMatchObject({ rewrittenFileCount: 0, removedRecordCount: 0 });
      expect(again.users).toHaveLength(2);
    });

    it('follows merges to their ends, and leaves nothing of any of them', async () => {
      // Two devices became one viewer, which became another, which logged in.
      await world.append([...life('laptop', 9), ...life('phone', 7), ...life('viewer', 6), ...life('gone', 3)]);
      await world.append([eventOf(mergedOf('tablet', 'laptop'), AT_MS + 20_000)]);
      await world.append([eventOf(mergedOf('tablet', 'phone'), AT_MS + 21_000)]);
      await world.append([eventOf(mergedOf('viewer', 'tablet'), AT_MS + 22_000)]);
      await world.append([eventOf(mergedOf('gone', 'viewer'), AT_MS + 23_000)]);
      // A circle, which no product makes, and which must not hold it up.
      await world.append([eventOf(mergedOf('laptop', 'gone'), AT_MS + 24_000)]);
      await world.append([...life('keeper', 3), eventOf(mergedOf('keeper', 'kept'), AT_MS + 25_000)]);
      await world.append([eventOf(userDeletedOf('gone'), AT_MS + 30_000)]);
      await world.archived();
      const chain = ['gone', 'viewer', 'tablet', 'phone', 'laptop'];

      const dry = await forgetUsers(world, { userIds: ['gone'], dryRun: true });
      expect(new Map(dry.users.map(({ userId, mergedInto }) => [userId, mergedInto]))).toEqual(
        new Map([
          ['gone', undefined],
          ['viewer', 'gone'],
          ['tablet', 'viewer'],
          ['phone', 'tablet'],
          ['laptop', 'tablet'],
        ]),
      );

      // What a killed run leaves must lead the next one to the rest, wherever it was killed.
      for (let pass = 1; pass <= 3; pass++) {
        killedInPass(world, pass);
        await expect(forgetUsers(world, { userIds: ['gone'] })).rejects.toThrow('killed');
      }
      const report = await forgetUsers(world, { userIds: ['gone'] });
      expect(report).toMatchObject({ remainingRecordCount: 0, unknownUserIds: [] });
      const left = await recordsByUser();
      for (const userId of chain)
        expect(left.get(userId)?.map(({ value }) => Event.decode(value).body?.$case)).toEqual(['userDeleted']);
      expect(left.get('keeper')).toHaveLength(4);
    });

    it('changes nothing where the log may not be read, so that no report is lost', async () => {
      await world.append([...life('gone', 9), eventOf(mergedOf('gone', 'anon'), AT_MS + 10_000)]);
      await world.append([eventOf(userDeletedOf('gone'), AT_MS + 20_000)]);
      await world.archived();
      const before = (await recordsByUser()).get('gone')?.length;
      await world.log.append(TOPICS.deadLetters, [{ key: 'gone', value: Uint8Array.of() }]);
      const refusal = new Error('Kafka refused to read the dead letters');
      jest.spyOn(world.log, 'tail').mockRejectedValueOnce(refusal);
      await expect(forgetUsers(world)).rejects.toBe(refusal);
      await world.archived();
      expect((await recordsByUser()).get('gone')).toHaveLength(before ?? 0);
      expect((await recordsByUser()).get('anon')).toBeUndefined();
      const report = await forgetUsers(world);
      expect(report.users).toHaveLength(2);
      // Which is no letter, and stops nothing.
      expect(report.elsewhere).toMatchObject({ deadLetterCount: 0, foreignDeadLetterCount: 1 });
      expect(describeReport(report)).toContain('0 dead letters, and 1 records among them that are none');
    });

    it('reports what it removed where the log fails at the end, and that letters are not counted', async () => {
      await world.append([...life('gone', 9), eventOf(userDeletedOf('gone'), AT_MS + 20_000)]);
      await world.archived();
      await world.log.append(TOPICS.deadLetters, [{ key: 'gone', value: Uint8Array.of() }]);
      const tail = world.log.tail.bind(world.log);
      jest
        .spyOn(world.log, 'tail')
        .mockImplementationOnce((topic, listener) => tail(topic, listener))
        .mockRejectedValueOnce(new Error('the broker is gone'));
      const report = await forgetUsers(world);
      expect(report.users).toEqual([expect.objectContaining({ userId: 'gone', removedRecordCount: 9 })]);
      expect(report.elsewhere).toEqual({
        usersWithRecordsInLog: 1,
        deadLetterCount: null,
        foreignDeadLetterCount: null,
        deadLettersUncounted: 'the broker is gone',
      });
      expect(describeReport(report)).toContain('gone: 9 records removed, 0 found afterwards');
      expect(describeReport(report)).toContain('dead letters, which could not be counted: the broker is gone');
    });

    it('keeps what a user did after coming back', async () => {
      await world.append([...life('back', 9), eventOf(userDeletedOf('back'), AT_MS + 20_000)]);
      await world.append([eventOf(createdOf('back'), AT_MS + 30_000), ...life('back', 6, 40)]);
      await world.archived();
      await forgetUsers(world, { userIds: ['back', 'never\u009b1m-seen'] }).then((report) => {
        expect(report.unknownUserIds).toEqual(['never\u009b1m-seen']);
        expect(describeReport(report)).toContain('never\\u009b1m-seen: no deletion');
        expect(report.users[0]?.removedRecordCount).toBe(9);
      });
      expect((await recordsByUser()).get('back')).toHaveLength(8);
    });

    it('leaves users alone that it was not asked for, and a deletion that was refused', async () => {
      const old = AT_MS - 3 * 86_400_000;
      const refused = eventOf(userDeletedOf('stays'), old, { receivedAtMs: AT_MS });
      await world.append([...life('one', 5), ...life('two', 5), ...life('stays', 5), refused]);
      await world.append([
        eventOf(userDeletedOf('one'), AT_MS + 50_000),
        eventOf(userDeletedOf('two'), AT_MS + 50_000),
      ]);
      await world.archived();
      expect((await forgetUsers(world, { userIds: ['one'] })).users.map(({ userId }) => userId)).toEqual(['one']);
      expect((await recordsByUser()).get('two')).toHaveLength(6);
      expect((await forgetUsers(world)).users.map(({ userId }) => userId).sort()).toEqual(['one', 'two']);
      expect((await recordsByUser()).get('stays')).toHaveLength(6);
    });

    it('finds the deletion of a producer that sets the record’s time to the event’s', async () => {
      const deletion = eventOf(userDeletedOf('one'), AT_MS - 600_000, { receivedAtMs: AT_MS, backfill: true });
      await world.append(life('one', 5));
      await world.log.append(TOPICS.activity, [{ ...recordOf(deletion), timestampMs: deletion.occurredAtMs }]);
      await world.archived();
      expect((await forgetUsers(world)).users.map(({ userId }) => userId)).toEqual(['one']);
      expect((await recordsByUser()).get('one')).toHaveLength(1);
    });

    it.each([
      ['between two partitions of the archive', killedAfterFirstPartition],
      ['before the checkpoints', killedBeforeCheckpoints],
    ])('forgets the merged viewers too in a run after one that was killed %s', async (_, kill) => {
      // The archive is rewritten by partition: the user, whose record names the viewer, lies in the one before the viewer's.
      const [user, viewer] = [0, 1].map((partition) => idIn(partition)) as [string, string];
      await world.append([...life(user, 9), ...life(viewer, 9), eventOf(mergedOf(user, viewer), AT_MS + 10_000)]);
      await world.append([eventOf(userDeletedOf(user), AT_MS + 20_000)]);
      await world.archived();
      const state = encodeState(newState(viewer));
      await world.checkpoints.write(placeOf(1), statesOf({ userId: viewer, state }));

      kill(world);
      await expect(forgetUsers(world, { userIds: [user] })).rejects.toThrow('killed');

      const report = await forgetUsers(world, { userIds: [user] });
      expect(report).toMatchObject({ remainingRecordCount: 0, remainingCheckpointedStateCount: 0 });
      expect(report.users).toEqual([
        expect.objectContaining({ userId: user }),
        expect.objectContaining({ userId: viewer, mergedInto: user }),
      ]);
      const left = await recordsByUser();
      for (const userId of [user, viewer])
        expect(left.get(userId)?.map(({ value }) => Event.decode(value).body?.$case)).toEqual(['userDeleted']);
      const [checkpoint] = await world.checkpoints.list(TOPICS.activity);
      const states = [];
      if (checkpoint) for await (const { userId } of world.checkpoints.read(checkpoint)) states.push(userId);
      expect(states).toEqual([]);
    });

    it('takes their states out of checkpoints of before the deletion, and reports the state in the store', async () => {
      const events = [...life('gone', 9), ...life('keeper', 9)];
      await world.append([...events, eventOf(userDeletedOf('gone'), AT_MS + 20_000)]);
      await world.archived();
      const partition = partitionOf('gone', PARTITIONS);
      const stateOf = (userId: string, extra: Event[] = []) => {
        const state = newState(userId);
        for (const event of [...events, ...extra]) if (userIdOf(event) === userId) applyEvent(state, event);
        return encodeState(state);
      };
      async function* states() {
        yield { userId: 'gone', state: stateOf('gone') };
        yield { userId: 'keeper', state: stateOf('keeper') };
      }
      await world.checkpoints.write(placeOf(partition), states());
      const erased = stateOf('gone', [eventOf(userDeletedOf('gone'), AT_MS + 20_000)]);
      const next = { topic: TOPICS.activity, partition, offset: 9 };
      await world.store.commit(partition, { expected: undefined, next, states: new Map([['gone', erased]]) });

      const report = await forgetUsers(world);
      expect(report).toMatchObject({ rewrittenCheckpointCount: 1, remainingCheckpointedStateCount: 0 });
      expect(report.users[0]).toMatchObject({ userId: 'gone', state: 'tombstone' });
      const [checkpoint, ...others] = await world.checkpoints.list(TOPICS.activity);
      expect(others).toEqual([]);
      const left = [];
      if (checkpoint) for await (const { userId } of world.checkpoints.read(checkpoint)) left.push(userId);
      expect(left).toEqual(['keeper']);
    });

    describe('with a checkpoint beside others that cannot be read', () => {
      beforeEach(async () => {
        await world.append([...life('gone', 9), eventOf(userDeletedOf('gone'), AT_MS + 20_000)]);
        await world.archived();
        const partition = partitionOf('gone', PARTITIONS);
        for (const offset of [4, 5])
          await world.checkpoints.write(
            { ...placeOf(partition), offset },
            statesOf({ userId: 'gone', state: encodeState(newState('gone')) }),
          );
      });

      it('removes and reports the rest where ingestion lets go of it meanwhile', async () => {
        const list = world.checkpoints.list.bind(world.checkpoints);
        jest.spyOn(world.checkpoints, 'list').mockImplementation(async (topic) => {
          const listed = await list(topic);
          for (const old of listed.filter(({ offset }) => offset === 4)) await world.checkpoints.remove(old);
          return listed;
        });
        const report = await forgetUsers(world);
        expect(report).toMatchObject({ rewrittenCheckpointCount: 1, remainingCheckpointedStateCount: 0 });
      });

      it('counts the rest in a dry run where it is damaged', async () => {
        const read = world.checkpoints.read.bind(world.checkpoints);
        jest.spyOn(world.checkpoints, 'read').mockImplementation((checkpoint) => {
          if (checkpoint.offset === 4) throw new CheckpointCorruptError(checkpoint);
          return read(checkpoint);
        });
        const report = await forgetUsers(world, { dryRun: true });
        expect(report.remainingCheckpointedStateCount).toBe(1);
      });
    });
  });
}

describeForget('a folder', async () => ({}));

const s3 = requireServer('an S3 server', 'WATCHNEXT_S3_ENDPOINT');
if (s3) {
  describeForget('S3', async () => {
    const { bucket, credentials } = await createTestBucket(s3);
    return {
      WATCHNEXT_OBJECT_STORE: 's3',
      WATCHNEXT_S3_ENDPOINT: s3,
      WATCHNEXT_S3_BUCKET: bucket,
      WATCHNEXT_S3_ACCESS_KEY_ID: credentials?.accessKeyId as string,
      WATCHNEXT_S3_SECRET_ACCESS_KEY: credentials?.secretAccessKey as string,
    };
  });
}
