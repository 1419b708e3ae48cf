/** Three brokers, of which one is killed: whoever led what, nothing acknowledged is lost and nobody stops. */
import { openKafkaEventLog, type EventLog } from '@watchnext/event-log';
import { Kafka, logLevel } from 'kafkajs';
import { eventually, FoldingHandler } from '../src';
import { missingFrom, requireOwnKafka, startOwnKafka, SteadyProducer, type OwnKafka } from './drivers/own-kafka';

const jars = requireOwnKafka();
const TOPIC = 'cluster.v1';
const LIMIT_MS = 90_000;

(jars === undefined ? describe.skip : describe)('Kafka with three brokers', () => {
  let kafka: OwnKafka;
  let log: EventLog;

  beforeAll(async () => {
    kafka = await startOwnKafka(jars as string, { brokerCount: 3 });
    log = await openKafkaEventLog({ ...kafka.settings, requestTimeoutMs: 8_000, replicationFactor: 3 });
  }, LIMIT_MS);
  afterAll(async () => {
    await log?.close();
    await kafka?.stop();
  }, LIMIT_MS);

  it(
    'loses nothing when a leader is killed -9: appends and groups go on with the other two',
    async () => {
      await log.ensureTopics([{ name: TOPIC, partitionCount: 6 }]);
      const handler = new FoldingHandler();
      await log.joinGroup({ topic: TOPIC, groupId: 'cluster' }, handler);
      const producer = new SteadyProducer((records) => log.append(TOPIC, records));
      await eventually(() => expect(handler.records.length).toBeGreaterThan(100));

      const leader = await leaderOf(kafka.settings.brokers, TOPIC, 0);
      process.kill(kafka.stack.processes.find(({ name }) => name === `kafka-${leader}`)?.pid as number, 'SIGKILL');
      await eventually(async () => expect(await leaderOf(kafka.settings.brokers, TOPIC, 0)).not.toBe(leader));
      const before = producer.acknowledged.length;
      await eventually(() => expect(producer.acknowledged.length).toBeGreaterThan(before + 200));
      await producer.stop();

      await eventually(() => expect(missingFrom(handler, producer.acknowledged)).toEqual([]));
      expect(handler.faults).toEqual([]);
      const ends = await log.bounds(TOPIC);
      expect(ends.reduce((sum, { endOffset }) => sum + endOffset, 0)).toBeGreaterThanOrEqual(producer.acknowledged.length);
    },
    LIMIT_MS,
  );
});

async function leaderOf(brokers: readonly string[], topic: string, partition: number): Promise<number> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  try {
    await admin.connect();
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const leader = topics[0]?.partitions.find(({ partitionId }) => partitionId === partition)?.leader;
    if (leader === undefined || leader < 0) throw new Error('no leader yet');
    return leader;
  } finally {
    await admin.disconnect();
  }
}
