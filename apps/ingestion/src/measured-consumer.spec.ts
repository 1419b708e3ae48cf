import { EventLogError, type LogRecord } from '@watchnext/event-log';
import { MeasuredConsumer } from './measured-consumer';
import { Metrics, METRICS } from './metrics';

const record = (offset: number) => ({ topic: 't', partition: 0, offset }) as LogRecord;
const batch = (from: number, to: number, lag = 0) => ({
  topic: 't',
  partition: 0,
  records: Array.from({ length: to - from }, (_, i) => record(from + i)),
  nextOffset: to,
  lag,
  signal: new AbortController().signal,
});
const labels = { role: 'materialise', topic: 't' };

describe('a measured consumer', () => {
  const make = (onBatch: () => Promise<void> = async () => undefined) => {
    const metrics = new Metrics();
    const log = { bounds: async () => [{ partition: 0, firstOffset: 0, endOffset: 15 }] };
    const consumer = new MeasuredConsumer({ resumeOffset: async () => 10, onBatch }, { ...labels, log, metrics });
    consumer.stop();
    return { consumer, metrics };
  };

  it('counts what it worked off, and lags by the rest', async () => {
    const { consumer, metrics } = make();
    await consumer.resumeOffset(0);
    await consumer.onBatch(batch(10, 30, 70));
    expect(consumer.lag()).toEqual([[0, 70]]);
    expect(metrics.value(METRICS.records, labels)).toBe(20);
    await consumer.onRevoked(0);
    expect(consumer.lag()).toEqual([]);
  });

  it('counts nothing of a batch that failed, and goes on from where the handler says', async () => {
    const { consumer, metrics } = make(() => Promise.reject(new Error('store is down')));
    await consumer.resumeOffset(0);
    await expect(consumer.onBatch(batch(10, 20, 5))).rejects.toThrow('store is down');
    expect(consumer.lag()).toEqual([[0, 15]]);
    expect(metrics.value(METRICS.records, labels)).toBe(0);
    consumer.onError(new Error('store is down'), 0);
    expect(metrics.value(METRICS.batchFailures, labels)).toBe(1);
    expect(consumer.logShortenedAtMs).toBe(0);
  });

  it('knows when the log last ended before what was taken from it', () => {
    const { consumer, metrics } = make();
    consumer.onError(new EventLogError('the log ends at 9700', 'offset-out-of-range', false), 0);
    expect(Math.abs(Date.now() - consumer.logShortenedAtMs)).toBeLessThan(5_000);
    expect(metrics.value(METRICS.batchFailures, labels)).toBe(1);
  });
});
