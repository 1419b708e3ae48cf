/**
 * Sends the records of one topic, each partition by a request of its own, so that no partition waits for another's
 * answer and a failure says whose it is. A partition for which kafkajs returned no offset was not sent, whatever else the result says.
 *
 * A partition whose last send failed is sent through a client apart, a fresh one each time, until it is written; that client then serves
 * all. The others keep theirs meanwhile: while any partition of the topic has no leader kafkajs can begin nothing on a fresh one.
 */
import { CompressionTypes, type Producer } from 'kafkajs';
import { LogUnavailableError, type NewRecord } from '../port';
import { AppendQueue } from './append-queue';
import { newProducer, Replaceable } from './kafka-clients';
import { isPermanent, isWriteRefused, translate } from './kafka-errors';
import { callTimeoutMs, type KafkaSettings } from './kafka-settings';
import type { SendOutcome } from './partition-queue';

const COMPRESSION: Record<KafkaSettings['compression'], CompressionTypes> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};

export class KafkaAppender {
  readonly queue: AppendQueue;
  private readonly producer: Replaceable<Producer>;
  /** For partitions whose last send failed. */
  private readonly producerApart: Replaceable<Producer>;

  constructor(
    private readonly settings: KafkaSettings,
    /** As users of the port know it. */
    private readonly topic: string,
  ) {
    this.producer = new Replaceable(settings, newProducer);
    this.producerApart = new Replaceable(settings, newProducer);
    this.queue = new AppendQueue((...send) => this.send(...send), { timeoutMs: callTimeoutMs(settings) });
  }

  /** Waits for what was appended, which takes at most the call time-out. */
  async close(): Promise<void> {
    await this.queue.idle();
    await Promise.all([this.producer.close(), this.producerApart.close()]);
  }

  private async send(partition: number, records: readonly NewRecord[], failures: number): Promise<SendOutcome> {
    const send = (producer: Producer) => this.sendOnce(producer, partition, records);
    try {
      if (failures === 0) return { firstOffset: await this.producer.use(send, 'keep') };
      return {
        firstOffset: await this.producerApart.use(async (producer) => {
          const firstOffset = await send(producer);
          this.producer.takeOver(this.producerApart, producer);
          return firstOffset;
        }, 'replace'),
      };
    } catch (error) {
      return {
        error: translate(`append to ${this.topic}`, error, this.topic),
        permanent: isPermanent(error),
        refused: isWriteRefused(error),
      };
    }
  }

  /** @returns the offset of the first record */
  private async sendOnce(producer: Producer, partition: number, records: readonly NewRecord[]): Promise<number> {
    const sent = await producer.send({
      topic: `${this.settings.namespace}${this.topic}`,
      acks: -1,
      // A little less than this side waits, so that the broker's own answer is heard.
      timeout: Math.ceil(this.settings.requestTimeoutMs * 0.8),
      compression: COMPRESSION[this.settings.compression],
      messages: records.map(({ key, value, timestampMs, headers }) => ({
        key,
        value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
        partition,
        timestamp: String(timestampMs ?? Date.now()),
        ...(headers && { headers: { ...headers } }),
      })),
    });
    const baseOffset = sent.find((answer) => answer.partition === partition)?.baseOffset;
    if (baseOffset === undefined) throw new LogUnavailableError(`partition ${partition} was not written`);
    return Number(baseOffset);
  }
}
