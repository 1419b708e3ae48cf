/**
 * What an operator does to a running system, by the commands themselves: a user is deleted and forgotten, a viewer
 * who stays away is let go of, a dead letter is replayed, a lost feature store is rebuilt.
 */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { Event, TOPICS } from '@watchnext/contract';
import { DAY_MS, decodeState } from '@watchnext/features';
import { newEventId } from '@watchnext/producer-client';
import { eventIdOf } from '@watchnext/testing';
import { LocalSystem, until, withoutSettings } from '../src';

const PARTITION_COUNT = 2;
const REPOSITORY = resolve(__dirname, '..', '..', '..');
const USERS = Array.from({ length: 30 }, (_, i) => `user-${i}`);

export function describeOperations(name: string, environment: () => Promise<Record<string, string>>): void {
  describe(`operating a system on ${name}`, () => {
    let system: LocalSystem;
    let settings: Record<string, string>;

    beforeAll(async () => {
      settings = { WATCHNEXT_ACTIVITY_PARTITIONS: String(PARTITION_COUNT), ...(await environment()) };
      system = await LocalSystem.create({ environment: settings });
      await system.services.ingestion.start();
    });
    afterAll(() => system?.dispose());

    const event = (body: Event['body'], overrides: Partial<Event> = {}): Event =>
      Event.fromPartial({ eventId: newEventId(), occurredAtMs: Date.now(), producer: 'spec', body, ...overrides });
    const watch = (userId: string, videoId: string) =>
      event({
        $case: 'watch',
        value: {
          userId,
          videoId,
          playbackId: newEventId(),
          impressionId: '',
          positionSeconds: 50,
          video: undefined,
          country: '',
          device: '',
        },
      });
    const send = async (...events: Event[]) => {
      const body = JSON.stringify({ events: events.map((each) => Event.toJSON(each)) });
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${system.ingestionUrl}/v1/events`, { method: 'POST', headers, body });
      expect(((await response.json()) as { accepted: number }).accepted).toBe(events.length);
    };
    /** Runs a command as `npm run` would. */
    const run = (program: string, ...args: string[]) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [join(REPOSITORY, program), ...args], {
        env: {
          ...withoutSettings(process.env),
          NODE_OPTIONS: '',
          WATCHNEXT_DATA_DIR: system.dataDirectory,
          WATCHNEXT_LOG_LEVEL: 'error',
          WATCHNEXT_CACHE_DIR: join(system.dataDirectory, 'command-cache'),
          ...settings,
        },
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}${stdout}`);
      return { stdout };
    };
    const states = () => system.storedStates(PARTITION_COUNT);
    const stateOf = async (userId: string) => {
      const hex = (await states()).get(userId);
      return hex === undefined ? undefined : decodeState(Buffer.from(hex, 'hex'));
    };

    it('leaves a tombstone of a deleted user, which later events do not wake', async () => {
      for (let i = 0; i < 5; i++) await send(...USERS.map((userId) => watch(userId, `video-${i}`)));
      await send(watch('anonymous-1', 'video-1'));
      await send(
        event({ $case: 'userMerged', value: { userId: 'user-3', anonymousUserId: 'anonymous-1', history: undefined } }),
      );
      await send(event({ $case: 'userDeleted', value: { userId: 'user-3' } }));
      await send(watch('user-3', 'video-9'));
      await system.drained();
      expect(await stateOf('user-3')).toMatchObject({ deleted: true, watches: [], watchCount: 0 });
      expect((await stateOf('user-4'))?.watchCount).toBe(5);
    });

    it('forgets the user and the viewer that was merged into it', async () => {
      run('apps/ingestion/dist/commands/checkpoint.js');
      const { stdout } = run('tools/operator/dist/forget.js', '--json');
      const report = JSON.parse(stdout) as { users: { userId: string; removedRecordCount: number }[] };
      expect(report).toMatchObject({ remainingRecordCount: 0, remainingCheckpointedStateCount: 0 });
      expect(report.users.map(({ userId, removedRecordCount }) => [userId, removedRecordCount]).sort()).toEqual([
        ['anonymous-1', 1],
        ['user-3', 6],
      ]);
      await system.drained();
      expect(await stateOf('anonymous-1')).toMatchObject({ deleted: true, watches: [] });
    });

    it('lets go of a viewer who stayed away, who is a new one when it is back', async () => {
      const visit = { ...watch('visitor', 'video-1'), backfill: true, occurredAtMs: Date.now() - 100 * DAY_MS };
      visit.eventId = eventIdOf(visit.occurredAtMs, 1);
      await send(visit, watch('user-1', 'video-5'));
      await system.drained();
      const others = (await states()).size - 1;
      const expire = (...args: string[]) =>
        JSON.parse(run('apps/ingestion/dist/commands/expire.js', '--idle-days', '90', ...args).stdout) as object;
      expect(expire('--dry-run')).toMatchObject({ viewerCount: others + 1, idleCount: 1, expiredCount: 0 });
      expect((await states()).size).toBe(others + 1);
      expect(expire()).toMatchObject({ idleCount: 1, expiredCount: 1, returnedCount: 0 });
      expect((await states()).size).toBe(others);
      expect(await stateOf('user-1')).toMatchObject({ watchCount: 6 });
      await send(watch('visitor', 'video-2'));
      await system.drained();
      expect(await stateOf('visitor')).toMatchObject({ watchCount: 1, watches: [{ videoId: 'video-2' }] });
    });

    it('rebuilds a lost feature store to what it was', async () => {
      await send(...USERS.map((userId) => watch(userId, 'video-6')));
      await system.drained();
      const before = await states();
      expect(before.size).toBe(USERS.length + 2);
      // A store that has everything is left as it is.
      const needless = run('apps/ingestion/dist/commands/rebuild.js', '--archive-only');
      expect(needless.stdout).toContain('"foldedRecordCount":0');
      expect(await states()).toEqual(before);
      await system.services.ingestion.stop();
      const store = system.openFeatureStore();
      for (let partition = 0; partition < PARTITION_COUNT; partition++) await store.clear(partition);
      await store.close();
      const { stdout } = run('apps/ingestion/dist/commands/rebuild.js');
      expect(stdout).toContain('"checkpointOffset"');
      const after = await states();
      // Tombstones remember no ids of events that were forgotten.
      const alive = ([userId]: [string, string]) => userId !== 'user-3' && userId !== 'anonymous-1';
      expect([...after].filter(alive).sort()).toEqual([...before].filter(alive).sort());
      expect(await stateOf('user-3')).toMatchObject({ deleted: true, watches: [] });
      await system.services.ingestion.start();
      await send(watch('user-1', 'video-7'));
      await system.drained();
      expect((await stateOf('user-1'))?.watchCount).toBe(8);
    });

    it('lists a dead letter and replays it once', async () => {
      const log = await system.openLog();
      const old = { ...watch('user-5', 'video-8'), receivedAtMs: Date.now() };
      old.eventId = eventIdOf(Date.now() - 3 * 86_400_000, 1);
      await log.append(TOPICS.activity, [{ key: 'user-5', value: Event.encode(old).finish() }]);
      await log.close();
      await system.drained();
      const listed = JSON.parse(run('tools/operator/dist/dead-letters.js', 'list', '--json').stdout) as object;
      expect(listed).toMatchObject({ counts: { 'too-old': 1 }, letters: [{ code: 'too-old', eventId: old.eventId }] });
      const replay = () =>
        JSON.parse(
          run('tools/operator/dist/dead-letters.js', 'replay', '--code', 'too-old', '--as-backfill', '--json').stdout,
        ) as { sent: string[] };
      expect(replay().sent).toEqual([old.eventId]);
      await until('the replay to be folded', async () => (await stateOf('user-5'))?.watchCount === 7);
      await system.drained();
      expect(replay().sent).toEqual([]);
    });
  });
}
