/**
 * Sends the records of one topic until every partition has acknowledged its own.
 *
 * The first attempt carries all partitions in as few requests as there are leaders. After a failure each partition is
 * sent alone, on a fresh client, so that one without a leader cannot hide that another was written. A partition for
 * which kafkajs returned no offset was not sent, whatever else the result says.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CompressionTypes, type Producer } from 'kafkajs';
import { LogUnavailableError } from '../port';
import { AppendQueue, type RoutedRecord } from './append-queue';
import { backOffMs, newProducer, Replaceable } from './kafka-clients';
import { isPermanent, translate } from './kafka-errors';
import { callTimeoutMs, type KafkaSettings } from './kafka-settings';

const COMPRESSION: Record<KafkaSettings['compression'], CompressionTypes> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};
const MAX_BACK_OFF_MS = 1_000;

export class KafkaAppender {
  readonly queue: AppendQueue;
  private readonly producer: Replaceable<Producer>;
  private closed = false;

  constructor(
    private readonly settings: KafkaSettings,
    /** As users of the port know it. */
    private readonly topic: string,
  ) {
    this.producer = new Replaceable(settings, newProducer);
    this.queue = new AppendQueue((records, deadlineMs) => this.send(records, deadlineMs), {
      timeoutMs: callTimeoutMs(settings),
    });
  }

  /** Waits for what was appended, which takes at most the call time-out. */
  async close(): Promise<void> {
    await this.queue.idle();
    this.closed = true;
    await this.producer.close();
  }

  private async send(records: readonly RoutedRecord[], deadlineMs: number): Promise<Map<number, number | Error>> {
    const outcomes = new Map<number, number | Error>();
    const pending = byPartition(records);
    const failures = new Map<number, Error>();
    for (let attempt = 0; pending.size > 0; attempt++) {
      if (attempt > 0) {
        const waitMs = backOffMs(attempt, MAX_BACK_OFF_MS);
        if (this.closed || Date.now() + waitMs > deadlineMs) break;
        await sleep(waitMs);
      }
      const groups = attempt === 0 ? [[...pending.keys()]] : [...pending.keys()].map((partition) => [partition]);
      await this.attempt(groups, pending, outcomes, failures);
    }
    for (const partition of pending.keys()) {
      outcomes.set(
        partition,
        failures.get(partition) ?? new LogUnavailableError(`partition ${partition} was not written`),
      );
    }
    return outcomes;
  }

  /** Moves partitions from `pending` to `outcomes`, or notes in `failures` why not yet. */
  private async attempt(
    groups: readonly (readonly number[])[],
    pending: Map<number, RoutedRecord[]>,
    outcomes: Map<number, number | Error>,
    failures: Map<number, Error>,
  ): Promise<void> {
    const note = (partitions: readonly number[], error: unknown) => {
      const failure = translate(`append to ${this.topic}`, error, this.topic);
      for (const partition of partitions) {
        failures.set(partition, failure);
        // In a request of several partitions it is not said whose fault it was.
        if (partitions.length > 1 || !isPermanent(error)) continue;
        outcomes.set(partition, failure);
        pending.delete(partition);
      }
    };
    let producer: Producer;
    try {
      producer = await this.producer.get();
    } catch (error) {
      for (const partition of [...pending.keys()]) note([partition], error);
      return;
    }
    let failed = false;
    await Promise.all(
      groups.map(async (partitions) => {
        try {
          const offsets = await this.sendOnce(
            producer,
            partitions.flatMap((partition) => pending.get(partition) ?? []),
          );
          for (const partition of partitions) {
            const offset = offsets.get(partition);
            failed ||= offset === undefined;
            if (offset === undefined) continue;
            outcomes.set(partition, offset);
            pending.delete(partition);
          }
        } catch (error) {
          failed = true;
          note(partitions, error);
        }
      }),
    );
    if (failed) await this.producer.discard(producer);
  }

  /** @returns the first offset of each partition that was acknowledged */
  private async sendOnce(producer: Producer, records: readonly RoutedRecord[]): Promise<Map<number, number>> {
    const sent = await producer.send({
      topic: `${this.settings.namespace}${this.topic}`,
      acks: -1,
      // A little less than this side waits, so that the broker's own answer is heard.
      timeout: Math.ceil(this.settings.requestTimeoutMs * 0.8),
      compression: COMPRESSION[this.settings.compression],
      messages: records.map(({ key, value, partition, timestampMs, headers }) => ({
        key,
        value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
        partition,
        timestamp: String(timestampMs ?? Date.now()),
        ...(headers && { headers: { ...headers } }),
      })),
    });
    return new Map(sent.map(({ partition, baseOffset }) => [partition, Number(baseOffset)]));
  }
}

function byPartition(records: readonly RoutedRecord[]): Map<number, RoutedRecord[]> {
  const groups = new Map<number, RoutedRecord[]>();
  for (const record of records) {
    const group = groups.get(record.partition);
    if (group) group.push(record);
    else groups.set(record.partition, [record]);
  }
  return groups;
}
