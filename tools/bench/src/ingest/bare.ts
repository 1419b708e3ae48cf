/** What the machine gives without WatchNext: kafkajs alone, and Redis's own benchmark. */
import { execFileSync } from 'node:child_process';
import { CompressionTypes, Kafka, logLevel, Partitioners } from 'kafkajs';

const SEND_RECORDS = 1_000;

type Records = readonly { readonly key: string; readonly value: Buffer }[];

/** Sends all records to a new topic as our driver does: gzip, all replicas, one send in flight. @returns events a second */
export async function bareProducer(
  brokers: string[],
  topic: string,
  partitionCount: number,
  records: Records,
): Promise<number> {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  try {
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: partitionCount }], waitForLeaders: true });
    await producer.connect();
    const startMs = performance.now();
    for (let from = 0; from < records.length; from += SEND_RECORDS) {
      const messages = records.slice(from, from + SEND_RECORDS);
      await producer.send({ topic, acks: -1, compression: CompressionTypes.GZIP, messages });
    }
    return perSecond(records.length, startMs);
  } finally {
    await Promise.all([producer.disconnect(), admin.disconnect()]);
  }
}

/** Reads all records and does nothing with them. @returns events a second, from the join of the group on */
export async function bareConsumer(
  brokers: string[],
  topic: string,
  groupId: string,
  recordCount: number,
): Promise<number> {
  const consumer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).consumer({ groupId, maxWaitTimeInMs: 100 });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    return await new Promise<number>((resolve, reject) => {
      let startMs = 0;
      let count = 0;
      consumer.on(consumer.events.GROUP_JOIN, () => (startMs = performance.now()));
      consumer
        .run({
          autoCommit: false,
          eachBatch: async ({ batch }) => {
            count += batch.messages.length;
            if (count >= recordCount) resolve(perSecond(count, startMs));
          },
        })
        .catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
}

/** HSETs of values of `valueBytes`, pipelined as a commit's are. @returns HSETs a second */
export function redisBenchmark(port: number, valueBytes: number, userCount: number): number {
  const args = ['-p', String(port), '-n', '200000', '-P', '64', '-c', '4', '-r', String(userCount), '--csv'];
  const command = ['hset', 'redis-benchmark', 'user-__rand_int__', 'x'.repeat(valueBytes)];
  const output = execFileSync('redis-benchmark', [...args, ...command], { encoding: 'utf8' });
  const requests = Number(/,"([\d.]+)"/.exec(output.trim().split('\n').at(-1) ?? '')?.[1]);
  if (!(requests > 0)) throw new Error(`redis-benchmark said:\n${output}`);
  return requests;
}

export function redisCli(port: number, ...args: string[]): string {
  return execFileSync('redis-cli', ['-p', String(port), ...args], { encoding: 'utf8' });
}

export function perSecond(count: number, startMs: number): number {
  return Math.round((count / (performance.now() - startMs)) * 1_000);
}
