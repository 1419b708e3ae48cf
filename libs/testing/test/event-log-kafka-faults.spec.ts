/** One broker behind a fault proxy: bad networks, a restarted broker, members that die or sleep. */
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { openKafkaEventLog, partitionOf, type EventLog, type KafkaSettings } from '@watchnext/event-log';
import { openEmbeddedFeatureStore } from '@watchnext/feature-store';
import { endServer, startServerAgain } from '@watchnext/local-stack';
import { ChildProgram, eventually, FaultProxy, FoldingHandler, temporaryDirectory } from '../src';
import { describeOnOwnKafka, missingFrom, type OwnKafka, startOwnKafka, SteadyProducer } from './drivers/own-kafka';
import type { KafkaCounterMessage } from './processes/kafka-counter';

const TOPIC = 'faults.v1';
const PARTITIONS = 4;
const LIMIT_MS = 240_000;
/** What a loaded machine may add to a bound. */
const SLACK_MS = 15_000;
/** Of clients whose calls are to fail. */
const HASTY_REQUEST_TIMEOUT_MS = 2_000;
const callLimitMs = (requestTimeoutMs: number) => 2 * requestTimeoutMs + SLACK_MS;
const HASTY_LIMIT_MS = callLimitMs(HASTY_REQUEST_TIMEOUT_MS);

describeOnOwnKafka('Kafka behind a bad network', () => {
  let kafka: OwnKafka;
  let proxy: FaultProxy;
  let settings: KafkaSettings;
  let log: EventLog;
  const logs: EventLog[] = [];
  let run = 0;

  beforeAll(async () => {
    kafka = await startOwnKafka({
      advertise: async ([port]) => {
        proxy = await FaultProxy.start(port as number);
        return [proxy.port];
      },
    });
  }, LIMIT_MS);
  afterAll(async () => {
    await proxy?.stop();
    await kafka?.stop();
  }, LIMIT_MS);
  beforeEach(async () => {
    proxy.set({});
    settings = { ...kafka.settings, namespace: `run-${run++}.` };
    log = await openKafkaEventLog(settings);
    logs.push(log);
    await log.ensureTopics([{ name: TOPIC, partitionCount: PARTITIONS }]);
  });
  afterEach(async () => {
    proxy.set({});
    await Promise.all(logs.splice(0).map((each) => each.close()));
  }, LIMIT_MS);

  const spec = (name: string, body: () => Promise<void>) => it(name, body, LIMIT_MS);
  const append = (to: EventLog) => to.append(TOPIC, [{ key: 'k', value: Buffer.from('v') }]);
  /** The same topics by a client that gives up soon, which has appended. */
  const openHasty = async (requestTimeoutMs = HASTY_REQUEST_TIMEOUT_MS) => {
    const hasty = await eventually(() => openKafkaEventLog({ ...settings, requestTimeoutMs }));
    logs.push(hasty);
    await eventually(() => append(hasty));
    return hasty;
  };
  const timed = async (work: Promise<unknown>) => {
    const startMs = Date.now();
    const error = await work.then(
      () => undefined,
      (reason: Error & { code?: string }) => reason,
    );
    return { error, tookMs: Date.now() - startMs };
  };

  spec('is found when the first brokers of the list are down', async () => {
    const brokers = ['127.0.0.1:9', '127.0.0.1:10', ...kafka.settings.brokers];
    const found = await openKafkaEventLog({ ...kafka.settings, brokers });
    await found.ensureTopics([{ name: 'found.v1', partitionCount: 1 }]);
    await found.append('found.v1', [{ key: 'k', value: Buffer.from('v') }]);
    const handler = new FoldingHandler();
    await found.joinGroup({ topic: 'found.v1', groupId: 'found' }, handler);
    await eventually(() => expect(handler.texts()).toEqual(['v']));
    await found.close();
  });

  spec('a slow network slows appends down, and nothing else', async () => {
    proxy.set({ upstream: { delayMs: 100 }, downstream: { delayMs: 100, bytesPerSecond: 200_000 } });
    const handler = new FoldingHandler();
    await log.joinGroup({ topic: TOPIC, groupId: 'slow' }, handler);
    const producer = new SteadyProducer((records) => log.append(TOPIC, records));
    await eventually(() => expect(producer.acknowledged.length).toBeGreaterThan(60));
    await producer.stop();
    expect(producer.errors).toEqual([]);
    await eventually(() => expect(missingFrom(handler, producer.acknowledged)).toEqual([]));
    expect(handler.faults).toEqual([]);
  });

  spec('a network that says nothing fails every call within its time-out, and works again when healed', async () => {
    const hasty = await openHasty();
    proxy.set({ downstream: { hang: true } });
    const calls = await Promise.all([
      timed(append(hasty)),
      timed(hasty.bounds(TOPIC)),
      timed(openKafkaEventLog({ ...settings, requestTimeoutMs: HASTY_REQUEST_TIMEOUT_MS })),
      timed(hasty.joinGroup({ topic: TOPIC, groupId: 'silent' }, new FoldingHandler())),
    ]);
    for (const { error, tookMs } of calls) {
      expect(error).toMatchObject({ code: 'log-unavailable', retriable: true });
      expect(tookMs).toBeLessThan(HASTY_LIMIT_MS);
    }
    proxy.set({});
    await eventually(() => append(hasty));
    expect(await eventually(() => hasty.bounds(TOPIC))).toHaveLength(PARTITIONS);
  });

  spec('connections that went half-open are replaced', async () => {
    // Half of the time of a call is lost with its first request.
    const requestTimeoutMs = 5_000;
    const hasty = await openHasty(requestTimeoutMs);
    const handler = new FoldingHandler();
    await hasty.joinGroup({ topic: TOPIC, groupId: 'half-open' }, handler);
    await append(hasty);
    await eventually(() => expect(handler.records.length).toBeGreaterThanOrEqual(2));
    const before = handler.records.length;
    proxy.forget();
    const { error, tookMs } = await timed(append(hasty));
    expect(error).toBeUndefined();
    expect(tookMs).toBeLessThan(callLimitMs(requestTimeoutMs));
    await eventually(() => expect(handler.records.length).toBeGreaterThan(before));
  });

  spec('resets in the middle of everything lose nothing that was acknowledged', async () => {
    const handler = new FoldingHandler();
    await log.joinGroup({ topic: TOPIC, groupId: 'reset' }, handler);
    const hasty = await openHasty();
    const producer = new SteadyProducer((records) => hasty.append(TOPIC, records));
    for (let i = 0; i < 8; i++) {
      await sleep(150);
      proxy.reset();
    }
    const before = producer.acknowledged.length;
    await eventually(() => expect(producer.acknowledged.length).toBeGreaterThan(before));
    await producer.stop();
    expect(producer.longestMs).toBeLessThan(HASTY_LIMIT_MS);
    await eventually(() => expect(missingFrom(handler, producer.acknowledged)).toEqual([]));
    expect(handler.faults).toEqual([]);
  });

  spec('a broker that refuses is reported in time, and used again when it is back', async () => {
    const hasty = await openHasty();
    proxy.set({ refuse: true });
    proxy.reset();
    const { error, tookMs } = await timed(append(hasty));
    expect(error).toMatchObject({ code: 'log-unavailable' });
    expect(tookMs).toBeLessThan(HASTY_LIMIT_MS);
    proxy.set({});
    await eventually(() => append(hasty));
  });

  spec('a broker killed and started again keeps what it acknowledged, and consumers go on by themselves', async () => {
    const handler = new FoldingHandler();
    const subscription = await log.joinGroup({ topic: TOPIC, groupId: 'restart' }, handler);
    const hasty = await openHasty();
    const producer = new SteadyProducer((records) => hasty.append(TOPIC, records));
    await eventually(() => expect(handler.records.length).toBeGreaterThan(100));
    await endServer(kafka.directory, 'kafka-1', 'SIGTERM');
    await startServerAgain(kafka.directory, 'kafka-1');
    const before = producer.acknowledged.length;
    await eventually(() => expect(producer.acknowledged.length).toBeGreaterThan(before + 100));
    await producer.stop();
    expect(producer.longestMs).toBeLessThan(HASTY_LIMIT_MS);
    await eventually(() => expect(missingFrom(handler, producer.acknowledged)).toEqual([]));
    expect(handler.faults).toEqual([]);
    // It heartbeats again. Read once, it may be old where this process stood still just now.
    await eventually(() => expect(subscription.heartbeatAgeMs()).toBeLessThan(kafka.settings.sessionTimeoutMs));
  });

  describe('with members in processes of their own', () => {
    let storeDirectory: { path: string; remove(): Promise<void> };
    const children: ChildProgram<KafkaCounterMessage>[] = [];
    const start = () => {
      const file = join(__dirname, 'processes', 'kafka-counter.ts');
      const child = ChildProgram.start<KafkaCounterMessage>(file, [
        JSON.stringify(settings),
        storeDirectory.path,
        TOPIC,
      ]);
      children.push(child);
      return child;
    };
    const records = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ key: `user-${i % 40}`, value: Buffer.from('x') }));
    const counted = async () => {
      const store = openEmbeddedFeatureStore(storeDirectory.path);
      const counts = new Map<string, number>();
      for (let i = 0; i < 40; i++) {
        const user = `user-${i}`;
        const states = await store.readMany(partitionOf(user, PARTITIONS), [user]);
        counts.set(user, Number(Buffer.from(states.get(user) ?? []).toString()));
      }
      await store.close();
      return new Set(counts.values());
    };

    beforeEach(async () => (storeDirectory = await temporaryDirectory('counter')));
    afterEach(async () => {
      await Promise.all(children.splice(0).map((child) => child.kill()));
      await storeDirectory.remove();
    }, LIMIT_MS);

    spec('one killed -9 loses its partitions within the session time-out', async () => {
      const victim = start();
      await victim.has('assigned');
      const heir = start();
      await eventually(() => expect(heir.ofKind('assigned').at(-1)?.partitions).toHaveLength(2));
      await log.append(TOPIC, records(400));
      await eventually(async () => expect(await counted()).toEqual(new Set([10])));
      const killedMs = Date.now();
      await victim.kill();
      await log.append(TOPIC, records(400));
      await eventually(() => expect(heir.ofKind('assigned').at(-1)?.partitions).toHaveLength(PARTITIONS));
      expect(Date.now() - killedMs).toBeLessThan(kafka.settings.sessionTimeoutMs + SLACK_MS);
      await eventually(async () => expect(await counted()).toEqual(new Set([20])));
    });

    spec('one that slept past its session writes nothing of what it lost, and joins again', async () => {
      const sleeper = start();
      await sleeper.has('assigned');
      await log.append(TOPIC, records(400));
      await eventually(async () => expect(await counted()).toEqual(new Set([10])));
      sleeper.process.kill('SIGSTOP');
      await log.append(TOPIC, records(400));
      const heir = start();
      await eventually(() => expect(heir.ofKind('assigned').at(-1)?.partitions).toHaveLength(PARTITIONS));
      await eventually(async () => expect(await counted()).toEqual(new Set([20])));
      const handled = sleeper.ofKind('batch').length;
      sleeper.process.kill('SIGCONT');
      await eventually(() => expect(sleeper.ofKind('assigned').at(-1)?.partitions).toHaveLength(2));
      expect(sleeper.ofKind('batch')).toHaveLength(handled);
      await log.append(TOPIC, records(400));
      await eventually(async () => expect(await counted()).toEqual(new Set([30])));
    });
  });
});
