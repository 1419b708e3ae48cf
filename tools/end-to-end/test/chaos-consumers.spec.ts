/** Materialisers that sleep, and materialisers whose store is slow. */
import { readFileSync } from 'node:fs';
import { TOPICS, type Mark } from '@watchnext/contract';
import { missingForStack } from '@watchnext/local-stack';
import { describeUnlessMissing, eventually, FaultProxy } from '@watchnext/testing';
import { Redis } from 'ioredis';
import {
  drained,
  logLines,
  materialiserLag,
  openSpace,
  setScene,
  startRealWorld,
  until,
  type OwnWorld,
  type RealWorld,
} from '../src';

const PARTITION_COUNT = 6;
const LIMIT_MS = 300_000;
/** What a materialiser may hold in memory however slow its store is: a fetch of each partition and a cache of states. */
const MEMORY_BOUND_MIB = 450;
/** What of it V8 may keep for objects, garbage among them: past that a process ends. Left alone, V8 sizes its heap by the machine's memory. */
const HEAP_BOUND_MIB = 224;

async function marksOf({ store }: OwnWorld): Promise<(Mark | undefined)[]> {
  return Promise.all(Array.from({ length: PARTITION_COUNT }, (_, partition) => store.readMark(partition)));
}

/** How often a Redis was asked for states. */
async function readCountOf(redis: Redis): Promise<number> {
  return Number(/^cmdstat_hmget:calls=(\d+)/m.exec(await redis.info('commandstats'))?.[1] ?? 0);
}

/** Memory of another process that is in RAM. */
function residentMiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

describeUnlessMissing(missingForStack({ kafka: true, redis: true }), 'a materialiser', () => {
  let world: RealWorld;
  let proxy: FaultProxy;
  let redis: Redis;
  beforeAll(async () => {
    world = await startRealWorld();
    const port = world.stack.processes.find(({ name }) => name === 'redis')?.port as number;
    proxy = await FaultProxy.start(port);
    redis = new Redis(port, '127.0.0.1');
  }, LIMIT_MS);
  afterAll(async () => {
    redis?.disconnect();
    await proxy?.stop();
    await world?.dispose();
  }, LIMIT_MS);
  afterEach(() => proxy?.set({}));

  it(
    'that was stopped past its session and wakes after its partitions moved writes nothing',
    async () => {
      const space = await openSpace(world, 'zombie');
      const { truth, producer, fleet } = await setScene(space, 1, PARTITION_COUNT);
      try {
        const zombie = await fleet.add({
          WATCHNEXT_REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
          // So that a call under way when it is stopped goes on when it wakes, as if the network had held it up.
          WATCHNEXT_REDIS_CALL_TIMEOUT_MS: '600000',
          // Each batch reads states, so that there is a time between its reading and its writing.
          WATCHNEXT_STATE_CACHE_USERS: '1',
        });
        await producer.sendTo(5_000);
        await drained(space.log, space.store);
        // It asks for the states of its batches and gets no answer: it is stopped between its reading and its writing.
        proxy.set({ downstream: { hang: true } });
        const readCount = await readCountOf(redis);
        expect(readCount).toBeGreaterThan(0);
        await producer.sendTo(15_000);
        await eventually(async () => expect(await readCountOf(redis)).toBeGreaterThan(readCount));
        process.kill(zombie.process.pid, 'SIGSTOP');
        const marksWhenStopped = await marksOf(space);

        await fleet.add();
        await drained(space.log, space.store);
        const marksOfHeir = await marksOf(space);
        marksOfHeir.forEach((mark, p) => expect(mark?.offset).toBeGreaterThan(marksWhenStopped[p]?.offset as number));
        expect(await truth.differencesFrom(space.store)).toEqual([]);

        proxy.set({});
        process.kill(zombie.process.pid, 'SIGCONT');
        await eventually(() => expect(logLines(zombie, 'commit refused').length).toBeGreaterThan(0));
        console.info(`the zombie's refused commits: ${logLines(zombie, 'commit refused').length}`);
        expect(await marksOf(space)).toEqual(marksOfHeir);
        expect(await truth.differencesFrom(space.store)).toEqual([]);

        // It is a member again in the end, and does its part.
        await producer.sendTo(20_000);
        await drained(space.log, space.store);
        expect(await truth.differencesFrom(space.store)).toEqual([]);
      } finally {
        await fleet.dispose();
        await space.dispose();
      }
    },
    LIMIT_MS,
  );

  it(
    `whose store takes 200 ms a call, then hangs, stays under ${MEMORY_BOUND_MIB} MiB, falls behind, catches up and loses nothing`,
    async () => {
      const space = await openSpace(world, 'slow');
      const { truth, producer, fleet } = await setScene(space, 2, PARTITION_COUNT);
      let sampler: NodeJS.Timeout | undefined;
      try {
        const slowed = await fleet.add({
          WATCHNEXT_REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
          NODE_OPTIONS: `--max-old-space-size=${HEAP_BOUND_MIB}`,
        });
        await producer.sendTo(1_000);
        await drained(space.log, space.store);
        proxy.set({ upstream: { delayMs: 200 } });
        const resident: number[] = [];
        const lags: number[] = [];
        let lastWords: string | undefined;
        sampler = setInterval(() => {
          try {
            resident.push(residentMiB(slowed.process.pid));
          } catch {
            lastWords ??= slowed.process.logTail();
          }
        }, 50);
        const sendAndLook = async () => {
          await producer.sendTo(truth.eventCount + 5_000);
          if (lastWords !== undefined) throw new Error(`the materialiser ended:\n${lastWords}`);
          lags.push(await materialiserLag(space.log, space.store));
        };
        const endMs = Date.now() + 5_000;
        while (Date.now() < endMs) await sendAndLook();
        // How far that left it behind depends on who was faster on this machine; a store that hangs leaves it behind for certain.
        proxy.set({ upstream: { hang: true } });
        const backlog = 50_000;
        while (Math.max(...lags) <= backlog) await sendAndLook();
        const highestLag = Math.max(...lags);
        expect(highestLag).toBeGreaterThan(backlog);
        proxy.set({});
        await drained(space.log, space.store);
        clearInterval(sampler);
        console.info(
          `${truth.eventCount} events, lag up to ${highestLag}, resident at most ${Math.round(Math.max(...resident))} MiB`,
        );
        expect(Math.max(...resident)).toBeLessThan(MEMORY_BOUND_MIB);
        expect(await truth.differencesFrom(space.store)).toEqual([]);
      } finally {
        clearInterval(sampler);
        await fleet.dispose();
        await space.dispose();
      }
    },
    LIMIT_MS,
  );

  it(
    'never resumes from the offset that Kafka keeps for its group, be it ahead of the stored mark or behind',
    async () => {
      const space = await openSpace(world, 'commits');
      const { truth, producer, fleet } = await setScene(space, 3, PARTITION_COUNT);
      const { Kafka, logLevel } = await import('kafkajs');
      const brokers = (world.environment['WATCHNEXT_KAFKA_BROKERS'] as string).split(',');
      const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
      try {
        await admin.connect();
        await fleet.add();
        await producer.sendTo(5_000);
        await drained(space.log, space.store);
        await fleet.remove(0);
        await producer.sendTo(10_000);
        const bounds = await space.log.bounds(TOPICS.activity);
        const partitions = bounds.map(({ partition, endOffset }) => ({
          partition,
          offset: String(partition % 2 === 0 ? endOffset : 0),
        }));
        await until('the group to be empty', async () => {
          await admin.setOffsets({ groupId: 'commits.materialise', topic: `commits.${TOPICS.activity}`, partitions });
          return true;
        });
        const successor = await fleet.add();
        await drained(space.log, space.store);
        expect(await truth.differencesFrom(space.store)).toEqual([]);
        expect(logLines(successor, 'commit refused')).toEqual([]);
      } finally {
        await admin.disconnect();
        await fleet.dispose();
        await space.dispose();
      }
    },
    LIMIT_MS,
  );
});
