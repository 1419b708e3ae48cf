/** Three brokers, of which one is killed: whoever led what, nothing acknowledged is lost and nobody stops. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openKafkaEventLog, partitionOf, type EventLog } from '@watchnext/event-log';
import { endServer, startServerAgain } from '@watchnext/local-stack';
import { Kafka, logLevel } from 'kafkajs';
import { eventually, FoldingHandler } from '../src';
import { describeOnOwnKafka, missingFrom, type OwnKafka, startOwnKafka, SteadyProducer } from './drivers/own-kafka';

const TOPIC = 'cluster.v1';
const LIMIT_MS = 240_000;

describeOnOwnKafka('Kafka with three brokers', () => {
  let kafka: OwnKafka;
  let log: EventLog;

  beforeAll(async () => {
    kafka = await startOwnKafka({ brokerCount: 3 });
    log = await openKafkaEventLog({ ...kafka.settings, requestTimeoutMs: 8_000, replicationFactor: 3 });
  }, LIMIT_MS);
  afterAll(async () => {
    await log?.close();
    await kafka?.stop();
  }, LIMIT_MS);

  it(
    'writes the other partitions, once and without delay, while one has no leader, and that one when it has one again',
    async () => {
      // No replicas: a partition is gone with its broker.
      const topic = 'alone.v1';
      await createTopic(kafka.settings.brokers, topic, [[1], [3], [2]]);
      const appendTo = (partition: number, text: string) =>
        log.append(topic, [{ key: keyOf(partition, 3), value: Buffer.from(text) }]);
      for (const partition of [0, 1, 2]) await appendTo(partition, 'before');

      await endServer(kafka.directory, 'kafka-2', 'SIGTERM');
      const lost = appendTo(2, 'lost');
      let isGivenUp = false;
      const told = expect(lost)
        .rejects.toMatchObject({ code: 'log-unavailable' })
        .finally(() => (isGivenUp = true));
      for (let i = 0; i < 20; i++) {
        await Promise.all([appendTo(0, `${i}`), appendTo(1, `${i}`)]);
        // Of two time-outs of 8 s: as many appends that waited for one of them would not be through.
        if (i === 4) expect(isGivenUp).toBe(false);
        await sleep(100);
      }
      await told;
      const ends = (await log.bounds(topic).catch(() => [])).slice(0, 2);
      await startServerAgain(kafka.directory, 'kafka-2');
      await eventually(async () => expect(await appendTo(2, 'after')).toHaveLength(1));
      const handler = new FoldingHandler();
      await log.joinGroup({ topic, groupId: 'alone' }, handler);
      const healthy = () => handler.records.filter(({ partition }) => partition < 2);
      await eventually(() => expect(handler.texts()).toContain('after'));
      await eventually(() => expect(healthy().length).toBeGreaterThanOrEqual(42));
      expect(healthy()).toHaveLength(42);
      for (const { endOffset } of ends) expect(endOffset).toBe(21);
    },
    LIMIT_MS,
  );

  it(
    'loses nothing when a leader is killed -9: appends and groups go on with the other two',
    async () => {
      await log.ensureTopics([{ name: TOPIC, partitionCount: 6 }]);
      const handler = new FoldingHandler();
      await log.joinGroup({ topic: TOPIC, groupId: 'cluster' }, handler);
      const producer = new SteadyProducer((records) => log.append(TOPIC, records));
      await eventually(() => expect(handler.records.length).toBeGreaterThan(100));

      // The one that clients ask first, and the leader of some partition.
      const [killed] = kafka.stack.processes;
      const partition = (await leadersOf(kafka.settings.brokers, TOPIC)).indexOf(1);
      expect(partition).toBeGreaterThanOrEqual(0);
      process.kill(killed?.pid as number, 'SIGKILL');
      await eventually(async () => {
        const leaders = await leadersOf(kafka.settings.brokers.slice(1), TOPIC);
        expect([2, 3]).toContain(leaders[partition]);
      });
      const before = producer.acknowledged.length;
      await eventually(() => expect(producer.acknowledged.length).toBeGreaterThan(before + 200));
      await producer.stop();

      await eventually(() => expect(missingFrom(handler, producer.acknowledged)).toEqual([]));
      expect(handler.faults).toEqual([]);
      const ends = await log.bounds(TOPIC);
      expect(ends.reduce((sum, { endOffset }) => sum + endOffset, 0)).toBeGreaterThanOrEqual(
        producer.acknowledged.length,
      );
    },
    LIMIT_MS,
  );
});

/** @param replicas node ids, by partition */
async function createTopic(brokers: readonly string[], topic: string, replicas: readonly number[][]): Promise<void> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  try {
    await admin.connect();
    const replicaAssignment = replicas.map((nodes, partition) => ({ partition, replicas: nodes }));
    await admin.createTopics({ topics: [{ topic, replicaAssignment }] });
    await eventually(async () => expect(await leadersOf(brokers, topic)).toEqual(replicas.map(([leader]) => leader)));
  } finally {
    await admin.disconnect();
  }
}

/** One that goes there. */
function keyOf(partition: number, partitionCount: number): string {
  for (let i = 0; ; i++) if (partitionOf(`user-${i}`, partitionCount) === partition) return `user-${i}`;
}

/** Node ids, by partition; -1 where there is none. */
async function leadersOf(brokers: readonly string[], topic: string): Promise<number[]> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  try {
    await admin.connect();
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const partitions = [...(topics[0]?.partitions ?? [])].sort((a, b) => a.partitionId - b.partitionId);
    return partitions.map(({ leader }) => leader);
  } finally {
    await admin.disconnect();
  }
}
