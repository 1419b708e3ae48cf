/**
 * A system that lost everything but its backup, by the commands themselves: a new one gets its log, makes states and archive of it as the old
 * one did, and serves.
 */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { Event, TOPICS } from '@watchnext/contract';
import { partitionOf } from '@watchnext/event-log';
import { decodeState } from '@watchnext/features';
import { newEventId } from '@watchnext/producer-client';
import { videoFactsOf, watchOf } from '@watchnext/testing';
import { LocalSystem, temporaryFolder, until, withoutSettings } from '../src';

const PARTITION_COUNT = 2;
const REPOSITORY = resolve(__dirname, '..', '..', '..');
const USERS = Array.from({ length: 30 }, (_, i) => `user-${i}`);
const VIDEOS = Array.from({ length: 40 }, (_, i) => `video-${i}`);

type Settings = Readonly<Record<string, string>>;

/** @param environment of a new, empty system at every call */
export function describeRestored(name: string, environment: () => Promise<Record<string, string>>): void {
  describe(`a lost system on ${name}`, () => {
    const folder = temporaryFolder('restored');
    const restoredFolder = join(folder.path, 'restored');
    const backupFolder = join(folder.path, 'backup');
    const systems: LocalSystem[] = [];
    let before: Map<string, string>;

    const create = async (): Promise<{ system: LocalSystem; settings: Settings }> => {
      const settings = { WATCHNEXT_ACTIVITY_PARTITIONS: String(PARTITION_COUNT), ...(await environment()) };
      const system = await LocalSystem.create({ environment: settings });
      systems.push(system);
      return { system, settings };
    };
    afterAll(async () => {
      for (const system of systems) await system.dispose();
      await folder.remove();
    });

    /** Runs a command as `npm run` would. */
    const run = (program: string, args: readonly string[], settings: Settings): string => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [join(REPOSITORY, program), ...args], {
        env: { ...withoutSettings(process.env), NODE_OPTIONS: '', WATCHNEXT_LOG_LEVEL: 'error', ...settings },
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}${stdout}`);
      return stdout;
    };
    const event = (body: Event['body']): Event =>
      Event.fromPartial({ eventId: newEventId(), occurredAtMs: Date.now(), producer: 'spec', body });
    const send = async (system: LocalSystem, ...events: Event[]) => {
      const body = JSON.stringify({ events: events.map((each) => Event.toJSON(each)) });
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${system.ingestionUrl}/v1/events`, { method: 'POST', headers, body });
      expect(await response.json()).toMatchObject({ accepted: events.length });
    };
    const watch = (userId: string, videoId: string) =>
      event(watchOf(userId, videoId, { playbackId: newEventId(), positionSeconds: 50 }));
    const statesOf = (system: LocalSystem) => system.storedStates(PARTITION_COUNT);
    const shownTo = async (system: LocalSystem, userId: string) => {
      const response = await fetch(`${system.gatewayUrl}/v1/users/${userId}/recommendations?limit=30`);
      expect(response.status).toBe(200);
      return ((await response.json()) as { items: { videoId: string }[] }).items.map(({ videoId }) => videoId);
    };

    it('is written and backed up', async () => {
      const { system, settings } = await create();
      await system.services.ingestion.start();
      await system.services.gateway.start();
      await send(system, ...VIDEOS.map((videoId) => event({ $case: 'videoUpserted', value: videoOf(videoId) })));
      for (let round = 0; round < 6; round++)
        await send(
          system,
          ...USERS.map((userId, i) => watch(userId, VIDEOS[(i + 5 * round) % VIDEOS.length] as string)),
        );
      await send(system, watch('anonymous-1', 'video-39'));
      await system.drained();
      const merged = { userId: 'user-1', anonymousUserId: 'anonymous-1', history: undefined };
      await send(system, event({ $case: 'userMerged', value: merged }));
      await send(system, event({ $case: 'userDeleted', value: { userId: 'user-2' } }));
      // A list that is logged with the mark of the state it was made with.
      expect((await shownTo(system, 'user-3')).length).toBeGreaterThan(5);
      await system.services.gateway.stop();
      await system.drained();
      before = await statesOf(system);
      expect(before.size).toBe(USERS.length + 1);
      const own = { WATCHNEXT_DATA_DIR: system.dataDirectory, ...settings };
      run('apps/ingestion/dist/commands/checkpoint.js', [], own);
      run('tools/operator/dist/backup/main.js', ['save', backupFolder], own);
      await system.services.ingestion.stop();
    });

    it('has its states again, and serves by them, once its log is restored', async () => {
      const { system, settings } = await create();
      const own = { WATCHNEXT_DATA_DIR: system.dataDirectory, ...settings };
      const isOnS3 = settings['WATCHNEXT_OBJECT_STORE'] === 's3';
      const beside = isOnS3
        ? { ...own, WATCHNEXT_S3_PREFIX: 'restored' }
        : { ...own, WATCHNEXT_DATA_DIR: restoredFolder };
      run('tools/operator/dist/backup/main.js', ['restore', backupFolder], beside);
      const place = isOnS3 ? `s3://${settings['WATCHNEXT_S3_BUCKET']}/restored` : restoredFolder;
      const report = run('apps/ingestion/dist/commands/restore-log.js', [place], own);
      expect(report).toContain('"misplacedRecordCount":0,"deadRecordCount":0,"offsetsWithoutRecordCount":0');

      await system.services.ingestion.start();
      await system.services.gateway.start();
      await system.drained();
      const after = await statesOf(system);
      expect([...after].sort()).toEqual([...before].sort());
      const state = (userId: string) => decodeState(Buffer.from(after.get(userId) as string, 'hex'));
      expect(state('user-2')).toMatchObject({ deleted: true, watches: [] });
      expect(state('user-1').watches.map(({ videoId }) => videoId)).toContain('video-39');
      const watched = state('user-5').watches.map(({ videoId }) => videoId);
      await until('a list by the catalogue and the state', async () => {
        const shown = await shownTo(system, 'user-5');
        return shown.length > 5 && !shown.some((videoId) => watched.includes(videoId));
      });
    });

    it('archives what is restored and what comes after it, without a gap', async () => {
      const system = systems.at(-1) as LocalSystem;
      await send(system, watch('user-7', 'video-38'));
      await system.drained();
      const archive = system.openArchive();
      try {
        const partition = partitionOf('user-7', PARTITION_COUNT);
        expect(await archive.firstOffset(TOPICS.activity, partition)).toBe(0);
        const watches = [];
        for await (const records of archive.read(TOPICS.activity, { order: 'offset', partition })) {
          for (const { value } of records) {
            const { body } = Event.decode(value);
            // Lists that were asked for before may be logged after the watch.
            if (body?.$case === 'watch') watches.push(body.value);
          }
        }
        expect(watches.at(-1)).toMatchObject({ userId: 'user-7', videoId: 'video-38' });
      } finally {
        await archive.close();
      }
    });
  });
}

const videoOf = (videoId: string) => ({
  videoId,
  title: videoId,
  video: videoFactsOf({ uploadedAtMs: Date.now() }),
  thumbnailUrl: '',
  availability: undefined,
});
