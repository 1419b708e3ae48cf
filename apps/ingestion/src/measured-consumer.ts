/** A consumer of the log with its progress measured. */
import { type EventLog, EventLogError, type GroupHandler, type RecordBatch } from '@watchnext/event-log';
import { FollowedOffsets } from '@watchnext/service';
import { type Metrics, METRICS } from './metrics';

export class MeasuredConsumer implements GroupHandler {
  private readonly offsets: FollowedOffsets;
  private readonly followed: GroupHandler;
  /**
   * When the log last ended before where this was to go on; 0 for never. By itself, as once the log has grown past its old end nothing
   * fails any more, and what was written in between is in no state. The time and no count: a process that is young has counted before
   * it is first scraped, and Prometheus sees no increase in that.
   */
  logShortenedAtMs = 0;

  constructor(
    inner: GroupHandler,
    private readonly parts: {
      readonly role: string;
      readonly topic: string;
      readonly log: Pick<EventLog, 'bounds'>;
      readonly metrics: Metrics;
    },
  ) {
    parts.metrics.declare(METRICS.batchFailures, { role: parts.role, topic: parts.topic });
    this.offsets = new FollowedOffsets(parts.log, parts.topic, 'those given');
    this.followed = this.offsets.over(inner);
  }

  /** By partition held here: how many records are still to be worked off. */
  lag(): [partition: number, records: number][] {
    return this.offsets.lag();
  }

  resumeOffset(partition: number): Promise<number | undefined> {
    return this.followed.resumeOffset(partition);
  }

  async onBatch(batch: RecordBatch): Promise<void> {
    const { role, topic, metrics } = this.parts;
    const startedAt = performance.now();
    await this.followed.onBatch(batch);
    metrics.count(METRICS.records, { role, topic }, batch.records.length);
    metrics.observe(METRICS.batchSeconds, (performance.now() - startedAt) / 1_000, { role, topic });
  }

  async onRevoked(partition: number): Promise<void> {
    await this.followed.onRevoked?.(partition);
  }

  onError(error: Error, partition: number | undefined): void {
    const { role, topic, metrics } = this.parts;
    metrics.count(METRICS.batchFailures, { role, topic });
    if (error instanceof EventLogError && error.code === 'offset-out-of-range') this.logShortenedAtMs = Date.now();
    this.followed.onError?.(error, partition);
  }

  stop(): void {
    this.offsets.stop();
  }
}
