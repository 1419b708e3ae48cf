/** The feature store when its Redis dies: under Sentinel, and restarted alone. Starts servers of its own. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import {
  type FeatureStore,
  openRedisFeatureStore,
  type RedisSettings,
  StoreUnavailableError,
} from '@watchnext/feature-store';
import {
  freePorts,
  killProcess,
  missingForStack,
  SENTINEL_MASTER,
  startListening,
  startRedis,
  type StartedProcess,
  stopProcess,
} from '@watchnext/local-stack';
import { describeFeatureStore, describeUnlessMissing, eventually, temporaryDirectory } from '../src';
import { countToEnd, noProgress, statesAt, storedOf } from './marked-counter';

/** Of calls that an answer ends. */
const PATIENT_MS = 60_000;
/** Of calls that find no primary. */
const HASTY_MS = 1_500;
/** A call ends when its timer fires; a loaded machine may fire it late. */
const LATE_MS = 10_000;
const LIMIT_MS = 240_000;
const missing = missingForStack({ redis: true });
const describeOnRedis = (name: string, specs: () => void) => describeUnlessMissing(missing, name, specs);

const sorted = (states: Map<string, string>) => [...states].sort();

/** Servers of a describe block's own; `perTest` for tests that break them. */
function sentinelServers(perTest: boolean) {
  let directory: { path: string; remove(): Promise<void> };
  let processes: StartedProcess[] = [];
  const [before, after] = perTest ? [beforeEach, afterEach] : [beforeAll, afterAll];
  before(async () => {
    directory = await temporaryDirectory('sentinel');
    processes = await startRedis(directory.path, 'sentinel');
    // A replica that has not caught up once cannot take over.
    await onReplica(async (replica) =>
      eventually(async () => expect(await replica.info('replication')).toContain('master_link_status:up')),
    );
  }, LIMIT_MS);
  after(async () => {
    await Promise.all(processes.splice(0).map((one) => stopProcess(one, 2_000)));
    await directory.remove();
  }, LIMIT_MS);
  const named = (name: string) => processes.find((process) => process.name === name) as StartedProcess;
  async function onReplica(work: (replica: Redis) => Promise<unknown>): Promise<void> {
    const replica = new Redis(named('redis-replica').port);
    await work(replica).finally(() => replica.disconnect());
  }
  return {
    onReplica,
    named,
    open(namespace: string, callTimeoutMs: number): FeatureStore {
      const sentinels = processes.filter(({ name }) => name.startsWith('sentinel'));
      const nodes = sentinels.map(({ port }) => `127.0.0.1:${port}`);
      return openRedisFeatureStore({ sentinels: { nodes, primaryName: SENTINEL_MASTER }, callTimeoutMs }, namespace);
    },
  };
}

/** A primary sends nothing before the replica's first acknowledgement, a second after the link is up. */
const hasData = (replica: Redis) => eventually(async () => expect(await replica.dbsize()).toBeGreaterThan(0));

describeOnRedis('under Sentinel', () => {
  const servers = sentinelServers(false);
  describeFeatureStore('Redis under Sentinel', async () => {
    const namespace = `test-${randomUUID()}`;
    const handles: FeatureStore[] = [];
    return {
      async open() {
        const handle = servers.open(namespace, PATIENT_MS);
        handles.push(handle);
        return handle;
      },
      async dispose() {
        await Promise.all(handles.map((handle) => handle.close()));
      },
    };
  });
});

describeOnRedis('feature store when its primary is killed', () => {
  const servers = sentinelServers(true);
  const { named } = servers;
  let store: FeatureStore;
  let last: number;
  beforeEach(() => {
    store = servers.open('test', HASTY_MS);
    last = Infinity;
  });
  afterEach(async () => {
    last = -1;
    await store.close();
  });

  it(
    'finds the new primary by itself; states and mark agree all the way, and end as the truth',
    async () => {
      const progress = noProgress();
      const counting = countToEnd(store, 1, () => last, progress);
      counting.catch(() => undefined);
      await eventually(() => expect(progress.acknowledged).toBeGreaterThan(100));
      await servers.onReplica(hasData);
      process.kill(named('redis-primary').pid, 'SIGKILL');
      const killedAtMs = performance.now();
      const before = progress.acknowledged;
      await eventually(() => expect(progress.acknowledged).toBeGreaterThan(before + 100));
      console.info(`commits went on ${Math.round(performance.now() - killedAtMs)} ms after the primary was killed`);
      last = progress.acknowledged + 50;
      await counting;
      const { states, offset } = await storedOf(store, 1);
      expect(sorted(states)).toEqual(sorted(statesAt(offset)));
      expect(offset).toBe(last);
      expect(progress.failures.length).toBeGreaterThan(0);
      for (const failure of progress.failures) expect(failure.cause).toBeInstanceOf(Error);
      expect(progress.longestCallMs).toBeLessThan(HASTY_MS + LATE_MS);
    },
    LIMIT_MS,
  );

  it(
    'replays what the new primary never had from its mark',
    async () => {
      const progress = noProgress();
      const counting = countToEnd(store, 1, () => last, progress);
      counting.catch(() => undefined);
      await eventually(() => expect(progress.acknowledged).toBeGreaterThan(100));
      await servers.onReplica(hasData);
      // The replica hears nothing of what is acknowledged from here on.
      await servers.onReplica((replica) => replica.replicaof('127.0.0.1', 1));
      const replicated = progress.acknowledged;
      await eventually(() => expect(progress.acknowledged).toBeGreaterThan(replicated + 200));
      process.kill(named('redis-primary').pid, 'SIGKILL');
      const lost = progress.acknowledged;
      await eventually(() => expect(progress.conflicts).toBeGreaterThan(0));
      await eventually(() => expect(progress.acknowledged).toBeGreaterThan(lost + 100));
      last = progress.acknowledged + 50;
      await counting;
      const resumedFrom = progress.resumedFrom[0] ?? -1;
      expect(resumedFrom).toBeGreaterThanOrEqual(0);
      expect(resumedFrom).toBeLessThan(lost);
      console.info(`acknowledged up to ${lost}, resumed from ${resumedFrom}`);
      const { states, offset } = await storedOf(store, 1);
      expect(offset).toBe(last);
      expect(sorted(states)).toEqual(sorted(statesAt(last)));
    },
    LIMIT_MS,
  );
});

describeOnRedis('feature store on a Redis that restarts', () => {
  it(
    'keeps what was acknowledged where each write is synced, and goes on',
    async () => {
      const directory = await temporaryDirectory('redis-restart');
      const [redisPort] = (await freePorts(1)) as [number];
      const start = () =>
        startListening({
          name: 'redis',
          command: 'redis-server',
          args: [
            '--port',
            String(redisPort),
            '--bind',
            '127.0.0.1',
            '--dir',
            directory.path,
            '--appendonly',
            'yes',
            '--appendfsync',
            'always',
            '--save',
            '',
          ],
          port: redisPort,
          logFile: join(directory.path, 'redis.log'),
          cwd: directory.path,
        });
      const settings: RedisSettings = { url: `redis://127.0.0.1:${redisPort}`, callTimeoutMs: HASTY_MS };
      const store = openRedisFeatureStore(settings);
      let server = await start();
      const progress = noProgress();
      let last = Infinity;
      const counting = countToEnd(store, 1, () => last, progress);
      try {
        for (let restart = 0; restart < 3; restart++) {
          const before = progress.acknowledged;
          await eventually(() => expect(progress.acknowledged).toBeGreaterThan(before + 50));
          await killProcess(server);
          const { acknowledged, failures } = progress;
          const failureCount = failures.length;
          await eventually(() => expect(failures.length).toBeGreaterThan(failureCount));
          expect(failures.at(-1)).toBeInstanceOf(StoreUnavailableError);
          server = await start();
          const other = openRedisFeatureStore(settings);
          await eventually(async () => expect((await other.readMark(1))?.offset).toBeGreaterThanOrEqual(acknowledged));
          await other.close();
        }
        last = progress.acknowledged + 50;
        await counting;
        const { states, offset } = await storedOf(store, 1);
        expect(offset).toBe(last);
        expect(sorted(states)).toEqual(sorted(statesAt(last)));
        // Only the answer to a commit can have been lost, and such a commit was there.
        for (const offsetFound of progress.resumedFrom) expect(offsetFound).toBeGreaterThanOrEqual(0);
      } finally {
        last = -1;
        await store.close();
        await stopProcess(server, 2_000);
        await directory.remove();
      }
    },
    LIMIT_MS,
  );
});
