/** Three brokers, of which one is killed: whoever led what, nothing acknowledged is lost and nobody stops. */
import { openKafkaEventLog, type EventLog } from '@watchnext/event-log';
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
