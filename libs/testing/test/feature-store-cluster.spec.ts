/** The feature store on a Redis Cluster whose slots move and whose nodes die. Starts servers of its own. */
import { type FeatureStore, openRedisFeatureStore, StoreUnavailableError } from '@watchnext/feature-store';
import { missingForStack, startRedis, type StartedProcess, stopProcess } from '@watchnext/local-stack';
import { Redis } from 'ioredis';
import { describeUnlessMissing, eventually, temporaryDirectory } from '../src';
import { countToEnd, noProgress, statesAt, storedOf } from './marked-counter';

const TIMEOUT_MS = 1_000;
const LATE_MS = 10_000;
const LIMIT_MS = 240_000;
const missing = missingForStack({ redis: true });
const describeOnRedis = (name: string, specs: () => void) => describeUnlessMissing(missing, name, specs);

describeOnRedis('feature store on a changing Redis Cluster', () => {
  let directory: { path: string; remove(): Promise<void> };
  let processes: StartedProcess[] = [];
  let store: FeatureStore;
  let last = Infinity;
  beforeAll(async () => {
    directory = await temporaryDirectory('redis-cluster');
    processes = await startRedis(directory.path, 'cluster');
    const clusterNodes = processes.map(({ port }) => `127.0.0.1:${port}`);
    store = openRedisFeatureStore({ clusterNodes, callTimeoutMs: TIMEOUT_MS });
  }, LIMIT_MS);
  afterAll(async () => {
    last = -1;
    await store.close();
    await Promise.all(processes.map((one) => stopProcess(one, 2_000)));
    await directory.remove();
  }, LIMIT_MS);

  it(
    'follows a partition that moves to another node, through ASK, TRYAGAIN and MOVED, and a forgotten script',
    async () => {
      const progress = noProgress();
      const counting = countToEnd(store, 1, () => last, progress);
      counting.catch(() => undefined);
      const goesOn = async () => {
        const before = progress.acknowledged;
        await eventually(() => expect(progress.acknowledged).toBeGreaterThan(before + 50));
      };
      await goesOn();
      const nodes = processes.map(({ port }) => new Redis(port));
      const slot = await (nodes[0] as Redis).cluster('KEYSLOT', '{p1}');
      const keysOf = (node: Redis) => node.cluster('GETKEYSINSLOT', slot, 10);
      const counts = await Promise.all(nodes.map(async (node) => (await keysOf(node)).length));
      const source = nodes.find((_node, i) => (counts[i] as number) > 0) as Redis;
      const target = nodes.find((node) => node !== source) as Redis;
      const [sourceId, targetId] = await Promise.all([source, target].map((node) => node.cluster('MYID')));
      const { port } = target.options as { port: number };
      await target.cluster('SETSLOT', slot, 'IMPORTING', sourceId as string);
      await source.cluster('SETSLOT', slot, 'MIGRATING', targetId as string);
      await goesOn();
      for (const key of await keysOf(source)) {
        await source.migrate('127.0.0.1', port, key, 0, 1_000);
        // One of the two keys here, one there.
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
      await goesOn();
      for (const node of [target, source]) await node.cluster('SETSLOT', slot, 'NODE', targetId as string);
      await goesOn();
      await target.script('FLUSH');
      await goesOn();
      expect((await keysOf(target)).length).toBe(2);
      nodes.forEach((node) => node.disconnect());
      last = progress.acknowledged + 20;
      await counting;
      const { states, offset } = await storedOf(store, 1);
      expect(offset).toBe(last);
      expect([...states].sort()).toEqual([...statesAt(last)].sort());
      expect(progress.longestCallMs).toBeLessThan(TIMEOUT_MS + LATE_MS);
    },
    LIMIT_MS,
  );

  it('fails in time when no node is left', async () => {
    await Promise.all(processes.map((one) => stopProcess(one, 2_000)));
    for (let i = 0; i < 4; i++) {
      const startMs = performance.now();
      await expect(store.readMark(1)).rejects.toBeInstanceOf(StoreUnavailableError);
      expect(performance.now() - startMs).toBeLessThan(TIMEOUT_MS + LATE_MS);
    }
  });
});
