import type { EventLog, LogRecord, RecordBatch, Subscription, TailHandler } from '@watchnext/event-log';
import { LogFollowers } from './log-followers';
import { MetricsRegistry } from './metrics';

const record = (offset: number, partition = 0) => ({ topic: 't', partition, offset }) as LogRecord;

/** A log whose ends and sign of life the spec sets. */
class SpecLog {
  ends = [{ partition: 0, firstOffset: 0, endOffset: 0 }];
  ageMs = 0;
  handler: TailHandler | undefined;
  onBatch: ((batch: RecordBatch) => Promise<void>) | undefined;
  resume: ((partition: number) => Promise<number | undefined>) | undefined;
  private readonly subscription: Subscription = {
    assignedPartitions: () => [0],
    heartbeatAgeMs: () => this.ageMs,
    stop: async () => undefined,
  };

  /** To a tail, as drivers do. */
  async deliver(records: readonly LogRecord[], nextOffset: number): Promise<void> {
    if (records.length > 0) await this.handler!.onRecords(records);
    this.handler!.onPosition?.(0, nextOffset);
  }

  readonly log = {
    bounds: async () => this.ends,
    tail: async (_topic: string, handler: TailHandler) => {
      this.handler = handler;
      return this.subscription;
    },
    joinGroup: async (_options, handler) => {
      this.onBatch = (batch) => handler.onBatch(batch);
      this.resume = (partition) => handler.resumeOffset(partition);
      return this.subscription;
    },
  } as Partial<EventLog> as EventLog;
}

describe('followers of the log', () => {
  const make = () => {
    const metrics = new MetricsRegistry({});
    let nowMs = 0;
    const followers = new LogFollowers(metrics, () => nowMs);
    const value = (name: string) =>
      new RegExp(`^watchnext_follower_${name}\\{follower="catalogue"\\} (\\S+)$`, 'm').exec(metrics.render())?.[1];
    return { followers, value, pass: (ms: number) => (nowMs += ms), log: new SpecLog() };
  };

  it('show what the log holds and was not handled, though the follower hangs', async () => {
    const { followers, value, log } = make();
    log.ends = [{ partition: 0, firstOffset: 2, endOffset: 7 }];
    let handle!: () => void;
    const subscription = await followers.watch('catalogue', log.log).tail('t', {
      onRecords: () => new Promise<void>((resolve) => (handle = resolve)),
    });
    await new Promise(setImmediate);
    expect(value('lag_records')).toBe('5');
    const handling = log.deliver([record(2), record(5)], 6);
    expect(value('lag_records')).toBe('5');
    handle();
    await handling;
    expect(value('lag_records')).toBe('1');
    // The last is the marker of a transaction, and no record.
    await log.deliver([], 7);
    expect(value('lag_records')).toBe('0');
    await subscription.stop();
    expect(value('lag_records')).toBeUndefined();
  });

  it('show how long the log has been silent, before there is a subscription too', async () => {
    const { followers, value, pass, log } = make();
    const watched = followers.watch('catalogue', log.log);
    pass(3_000);
    expect(value('heartbeat_age_seconds')).toBe('3');
    log.ageMs = 60_000;
    await watched.tail('t', { onRecords: async () => undefined });
    pass(1_000);
    await log.deliver([record(0)], 1);
    pass(4_000);
    expect(value('heartbeat_age_seconds')).toBe('4');
    pass(70_000);
    expect(value('heartbeat_age_seconds')).toBe('60');
    log.ageMs = 50;
    expect(value('heartbeat_age_seconds')).toBe('0.05');
  });

  it('of a group count from where it resumes', async () => {
    const { followers, value, log } = make();
    log.ends = [{ partition: 0, firstOffset: 0, endOffset: 100 }];
    const options = { topic: 't', groupId: 'g' };
    const subscription = await followers
      .watch('catalogue', log.log)
      .joinGroup(options, { resumeOffset: async () => 90, onBatch: async () => undefined });
    await log.resume!(0);
    await new Promise(setImmediate);
    expect(value('lag_records')).toBe('10');
    const shared = { topic: 't', partition: 0, signal: new AbortController().signal };
    await log.onBatch!({ ...shared, records: [record(90), record(95)], nextOffset: 96, lag: 4 });
    expect(value('lag_records')).toBe('4');
    await log.onBatch!({ ...shared, records: [], nextOffset: 100, lag: 0 });
    expect(value('lag_records')).toBe('0');
    await subscription.stop();
  });
});
