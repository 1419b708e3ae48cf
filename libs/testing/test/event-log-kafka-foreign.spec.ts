/** What other programs do to our topics: stock librdkafka, transactional producers, topics made in another way. */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { Event } from '@watchnext/contract';
import { KAFKA_DEFAULTS, openKafkaEventLog, partitionOf, type EventLog } from '@watchnext/event-log';
import { ConfigResourceTypes, Kafka, logLevel, type Admin } from 'kafkajs';
import { CollectingTail, eventually, FoldingHandler, requireServer } from '../src';

const brokers = requireServer('Kafka', 'WATCHNEXT_KAFKA_BROKERS')?.split(',');
const LIMIT_MS = 240_000;
const PARTITIONS = 4;
const PRODUCER = join(__dirname, 'processes', 'librdkafka-producer.py');

(brokers ? describe : describe.skip)('Kafka topics that other programs write', () => {
  let namespace: string;
  let log: EventLog;
  let kafka: Kafka;
  let admin: Admin;

  beforeAll(async () => {
    kafka = new Kafka({ brokers: brokers as string[], logLevel: logLevel.NOTHING });
    admin = kafka.admin();
    await admin.connect();
  });
  afterAll(() => admin?.disconnect());
  beforeEach(async () => {
    namespace = `${randomUUID()}.`;
    log = await openKafkaEventLog({
      ...KAFKA_DEFAULTS,
      brokers: brokers as string[],
      namespace,
      sessionTimeoutMs: 6_000,
    });
  });
  afterEach(() => log.close());
  const spec = (name: string, body: () => Promise<void>) => it(name, body, LIMIT_MS);

  describe('made by us', () => {
    spec('have the partitions, the cleanup policy and the replicas asked for', async () => {
      await log.ensureTopics([
        { name: 'plain.v1', partitionCount: 3 },
        { name: 'compact.v1', partitionCount: 1, compacted: true },
      ]);
      const { topics } = await admin.fetchTopicMetadata({ topics: [`${namespace}plain.v1`, `${namespace}compact.v1`] });
      expect(topics.map(({ partitions }) => partitions.length).sort()).toEqual([1, 3]);
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: ['plain.v1', 'compact.v1'].map((name) => ({
          type: ConfigResourceTypes.TOPIC,
          name: `${namespace}${name}`,
          configNames: ['cleanup.policy'],
        })),
      });
      const policies = resources.map(({ resourceName, configEntries }) => [
        resourceName,
        configEntries[0]?.configValue,
      ]);
      expect(Object.fromEntries(policies)).toEqual({
        [`${namespace}plain.v1`]: 'delete',
        [`${namespace}compact.v1`]: 'compact',
      });
    });

    spec('are refused when somebody made them with another policy', async () => {
      await admin.createTopics({ topics: [{ topic: `${namespace}other.v1`, numPartitions: 1, replicationFactor: 1 }] });
      await log.ensureTopics([{ name: 'other.v1', partitionCount: 1 }]);
      await expect(log.ensureTopics([{ name: 'other.v1', partitionCount: 1, compacted: true }])).rejects.toMatchObject({
        code: 'topic-policy',
        message: expect.stringContaining('cleanup.policy=compact'),
      });
    });
  });

  describe('by transactions', () => {
    const TOPIC = 'transactions.v1';
    const transact = async (texts: string[], end: 'commit' | 'abort') => {
      const producer = kafka.producer({ transactionalId: randomUUID(), maxInFlightRequests: 1, idempotent: true });
      await producer.connect();
      const transaction = await producer.transaction();
      await transaction.send({ topic: `${namespace}${TOPIC}`, messages: texts.map((value) => ({ key: 'k', value })) });
      await transaction[end]();
      await producer.disconnect();
    };

    spec('are read over their markers, and without what was aborted', async () => {
      await log.ensureTopics([{ name: TOPIC, partitionCount: 1 }]);
      const handler = new FoldingHandler();
      await log.joinGroup({ topic: TOPIC, groupId: 'g' }, handler);
      await transact(['a'], 'commit');
      await eventually(() => expect(handler.texts()).toEqual(['a']));
      await transact(['lost'], 'abort');
      await transact(['b'], 'commit');
      await log.append(TOPIC, [{ key: 'k', value: Buffer.from('c') }]);
      await eventually(() => expect(handler.texts()).toEqual(['a', 'b', 'c']));
      // The members resume where they were told to, over markers, and not because a position was asked again.
      expect(handler.resumeCalls).toEqual([0]);
      expect(handler.faults).toEqual([]);
    });

    const endOf = async () => (await log.bounds(TOPIC))[0]?.endOffset;

    spec('leave no lag: a group hears that the log ends in markers alone', async () => {
      await log.ensureTopics([{ name: TOPIC, partitionCount: 1 }]);
      const handler = new FoldingHandler();
      await log.joinGroup({ topic: TOPIC, groupId: 'g' }, handler);
      await transact(['a'], 'commit');
      await eventually(() => expect(handler.marks.next.get(0)).toBe(2));
      await transact(['lost', 'too'], 'abort');
      await eventually(async () => expect(handler.marks.next.get(0)).toBe(await endOf()));
      expect([await endOf(), handler.lagOf(0), handler.texts()]).toEqual([5, 0, ['a']]);
      await log.append(TOPIC, [{ key: 'k', value: Buffer.from('b') }]);
      await eventually(() => expect(handler.texts()).toEqual(['a', 'b']));
      expect([handler.resumeCalls, handler.faults]).toEqual([[0], []]);
    });

    spec('are heard of again by a handler that could not take note of it', async () => {
      await log.ensureTopics([{ name: TOPIC, partitionCount: 1 }]);
      await transact(['lost'], 'abort');
      const handler = new FoldingHandler();
      handler.failBeforeFolding = 2;
      await log.joinGroup({ topic: TOPIC, groupId: 'g' }, handler);
      await eventually(async () => expect(handler.marks.next.get(0)).toBe(await endOf()));
      expect(handler.errors.map(({ message }) => message)).toEqual(['told to fail', 'told to fail']);
      expect([handler.resumeCalls, handler.faults]).toEqual([[0, 0, 0], []]);
    });

    spec('are committed for lag monitors with their markers', async () => {
      await log.ensureTopics([{ name: TOPIC, partitionCount: 1 }]);
      await transact(['lost'], 'abort');
      await log.joinGroup({ topic: TOPIC, groupId: 'g' }, new FoldingHandler());
      await eventually(async () => {
        const [committed] = await admin.fetchOffsets({ groupId: `${namespace}g`, topics: [`${namespace}${TOPIC}`] });
        expect(committed?.partitions[0]?.offset).toBe('2');
      });
    });

    spec('tell a tail that it has reached their last marker', async () => {
      await log.ensureTopics([{ name: TOPIC, partitionCount: 1 }]);
      await transact(['a'], 'commit');
      // A commit is answered before its marker is written.
      await eventually(async () => expect(await endOf()).toBe(2));
      const tail = new CollectingTail();
      await log.tail(TOPIC, tail);
      expect(tail.next.get(0)).toBe(2);
      await transact(['lost'], 'abort');
      await eventually(async () => expect(tail.next.get(0)).toBe(await endOf()));
    });

    spec('let a tail catch up with a topic that ends in a marker, or holds nothing else', async () => {
      await log.ensureTopics([{ name: TOPIC, partitionCount: 1 }]);
      await transact(['lost'], 'abort');
      const nothing = new CollectingTail();
      await log.tail(TOPIC, nothing);
      expect(nothing.texts()).toEqual([]);
      await transact(['a'], 'commit');
      await eventually(async () => expect(await endOf()).toBe(4));
      const tail = new CollectingTail();
      await log.tail(TOPIC, tail);
      expect(tail.texts()).toEqual(['a']);
    });
  });

  spec('name what retention deleted to a consumer that wants it, which may pass it over', async () => {
    await log.ensureTopics([{ name: 'short.v1', partitionCount: 1 }]);
    for (const text of ['a', 'b', 'c']) await log.append('short.v1', [{ key: 'k', value: Buffer.from(text) }]);
    // kafkajs deletes from topics that it has met alone.
    await admin.fetchTopicOffsets(`${namespace}short.v1`);
    await admin.deleteTopicRecords({ topic: `${namespace}short.v1`, partitions: [{ partition: 0, offset: '2' }] });
    const handler = new FoldingHandler();
    handler.marks.next.set(0, 1);
    await log.joinGroup({ topic: 'short.v1', groupId: 'g' }, handler);
    await eventually(() =>
      expect(handler.errors).toContainEqual(
        expect.objectContaining({ code: 'offsets-deleted', partition: 0, wantedOffset: 1, firstOffset: 2 }),
      ),
    );
    handler.marks.next.set(0, 2);
    await eventually(() => expect(handler.texts()).toEqual(['c']));
  });

  describe('by stock librdkafka', () => {
    const hasClient = spawnSync('python3', ['-c', 'import confluent_kafka'], { stdio: 'ignore' }).status === 0;
    if (!hasClient) {
      const name = 'needs Python with confluent-kafka: pip install confluent-kafka';
      if (process.env['CI'] === 'true') {
        it(name, () => {
          throw new Error('confluent-kafka is not installed, and CI=true allows no skipping');
        });
      } else {
        it.skip(name, () => undefined);
      }
      return;
    }

    it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
      'are all read back, with its default partitioner and compression %s',
      async (compression) => {
        const topic = `foreign-${compression}.v1`;
        await log.ensureTopics([{ name: topic, partitionCount: PARTITIONS }]);
        const produced = spawnSync(
          'python3',
          [PRODUCER, String(brokers), `${namespace}${topic}`, compression, '2000'],
          {
            encoding: 'utf8',
          },
        );
        expect(produced.stderr).toBe('');
        const tail = new CollectingTail();
        await log.tail(topic, tail);

        expect(tail.records).toHaveLength(2_000);
        const events = tail.records.map(({ value }) => Event.decode(value));
        expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(2_000);
        for (const [i, { body }] of events.entries()) {
          if (body?.$case !== 'search') throw new Error(`a body of kind ${body?.$case}`);
          expect(body.value.userId).toBe(tail.records[i]?.key);
        }
        // Its default, consistent_random, is CRC32 of the key; about three in four are not where murmur2 has them.
        if (crc32 !== undefined)
          for (const { key, partition } of tail.records) expect(partition).toBe(crc32(key) % PARTITIONS);
        const elsewhere = tail.records.filter(({ key, partition }) => partition !== partitionOf(key, PARTITIONS));
        expect(elsewhere.length).toBeGreaterThan(1_000);
        expect(elsewhere.length).toBeLessThan(2_000);
      },
      LIMIT_MS,
    );

    spec('lie where ours lie when it is told to use murmur2_random', async () => {
      await log.ensureTopics([{ name: 'murmur.v1', partitionCount: PARTITIONS }]);
      const args = [PRODUCER, String(brokers), `${namespace}murmur.v1`, 'gzip', '500', 'murmur2_random'];
      expect(spawnSync('python3', args, { encoding: 'utf8' }).stderr).toBe('');
      const tail = new CollectingTail();
      await log.tail('murmur.v1', tail);
      expect(tail.records).toHaveLength(500);
      for (const { key, partition } of tail.records) expect(partition).toBe(partitionOf(key, PARTITIONS));
    });

    it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
      'and it reads what we write, large batches too (%s)',
      async (compression) => {
        const own = await openKafkaEventLog({
          ...KAFKA_DEFAULTS,
          brokers: brokers as string[],
          namespace,
          compression,
        });
        await own.ensureTopics([{ name: 'ours.v1', partitionCount: 1 }]);
        const records = Array.from({ length: 3_000 }, (_, i) => ({
          key: `user-${i}`,
          value: Buffer.from(`${i} ${'text '.repeat(50)}`),
        }));
        await own.append('ours.v1', records);
        await own.close();
        const script = join(__dirname, 'processes', 'librdkafka-consumer.py');
        const read = spawnSync('python3', [script, String(brokers), `${namespace}ours.v1`, '3000'], {
          encoding: 'utf8',
          maxBuffer: 1e8,
        });
        expect(read.stderr).toBe('');
        expect(JSON.parse(read.stdout)).toEqual(records.map(({ value }) => value.toString()));
      },
      LIMIT_MS,
    );
  });
});
