/**
 * A consumer of the log with its progress measured. The lag is taken from the ends of the log, which are asked for beside the
 * consumer's work: one that hangs falls behind in the metrics too.
 */
import type { EventLog, GroupHandler, RecordBatch } from '@watchnext/event-log';
import { type Metrics, METRICS } from './metrics';

/** How old the known ends of the log may be. */
const ENDS_MS = 5_000;

export class MeasuredConsumer implements GroupHandler {
  private readonly nextOffsets = new Map<number, number>();
  private ends = new Map<number, number>();
  /** The first offsets that the log still holds: what it dropped is not to be worked off. */
  private firsts = new Map<number, number>();
  private reading: Promise<void> | undefined;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly inner: GroupHandler,
    private readonly parts: {
      readonly role: string;
      readonly topic: string;
      readonly log: Pick<EventLog, 'bounds'>;
      readonly metrics: Metrics;
    },
  ) {
    parts.metrics.declare(METRICS.batchFailures, { role: parts.role, topic: parts.topic });
    this.timer = setInterval(() => void this.readEnds(), ENDS_MS);
    this.timer.unref();
  }

  /** By partition held here: how many records are still to be worked off. */
  lag(): [partition: number, records: number][] {
    return [...this.nextOffsets].map(([partition, next]) => [
      partition,
      Math.max(0, (this.ends.get(partition) ?? next) - Math.max(next, this.firsts.get(partition) ?? 0)),
    ]);
  }

  async resumeOffset(partition: number): Promise<number | undefined> {
    // One that never finds where to go on falls behind by all that the log holds, which is what it does.
    if (!this.nextOffsets.has(partition)) this.nextOffsets.set(partition, 0);
    const offset = await this.inner.resumeOffset(partition);
    // It may have been given up meanwhile.
    if (this.nextOffsets.has(partition)) this.nextOffsets.set(partition, offset ?? 0);
    return offset;
  }

  async onBatch(batch: RecordBatch): Promise<void> {
    const { role, topic, metrics } = this.parts;
    const { partition, records, nextOffset, lag } = batch;
    this.ends.set(partition, Math.max(this.ends.get(partition) ?? 0, nextOffset + lag));
    const startedAt = performance.now();
    await this.inner.onBatch(batch);
    this.nextOffsets.set(partition, nextOffset);
    metrics.count(METRICS.records, { role, topic }, records.length);
    metrics.observe(METRICS.batchSeconds, (performance.now() - startedAt) / 1_000, { role, topic });
  }

  async onRevoked(partition: number): Promise<void> {
    this.nextOffsets.delete(partition);
    await this.inner.onRevoked?.(partition);
  }

  onError(error: Error, partition: number | undefined): void {
    const { role, topic, metrics } = this.parts;
    metrics.count(METRICS.batchFailures, { role, topic });
    this.inner.onError?.(error, partition);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Once at a time: while the log hangs questions must not pile up. */
  readEnds(): Promise<void> {
    return (this.reading ??= this.readBounds().finally(() => (this.reading = undefined)));
  }

  private async readBounds(): Promise<void> {
    try {
      const bounds = await this.parts.log.bounds(this.parts.topic);
      this.ends = new Map(bounds.map(({ partition, endOffset }) => [partition, endOffset]));
      this.firsts = new Map(bounds.map(({ partition, firstOffset }) => [partition, firstOffset]));
    } catch {
      // The consumer reports a log that is down; the lag stays what was known of it.
    }
  }
}
