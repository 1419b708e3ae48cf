import type { LogRecord } from '@watchnext/event-log';
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
  const make = (onBatch: () => Promise<void> = async () => undefined, endOffset = 100) => {
    const metrics = new Metrics();
    const log = { bounds: async () => [{ partition: 0, firstOffset: 0, endOffset }] };
    const consumer = new MeasuredConsumer({ resumeOffset: async () => 10, onBatch }, { ...labels, log, metrics });
    consumer.stop();
    return { consumer, metrics };
  };

  it('lags by what the log holds and was not worked off, also where nothing moves', async () => {
    const { consumer, metrics } = make();
    expect(consumer.lag()).toEqual([]);
    await consumer.resumeOffset(0);
    await consumer.readEnds();
    expect(consumer.lag()).toEqual([[0, 90]]);
    await consumer.onBatch(batch(10, 30, 70));
    expect(consumer.lag()).toEqual([[0, 70]]);
    expect(metrics.value(METRICS.records, labels)).toBe(20);
    await consumer.onBatch(batch(100, 100));
    expect(consumer.lag()).toEqual([[0, 0]]);
    await consumer.onRevoked(0);
    expect(consumer.lag()).toEqual([]);
  });

  it('does not lag by what the log no longer holds', async () => {
    const log = { bounds: async () => [{ partition: 0, firstOffset: 80, endOffset: 100 }] };
    const inner = { resumeOffset: async () => undefined, onBatch: async () => undefined };
    const consumer = new MeasuredConsumer(inner, { ...labels, log, metrics: new Metrics() });
    consumer.stop();
    await consumer.resumeOffset(0);
    await consumer.readEnds();
    expect(consumer.lag()).toEqual([[0, 20]]);
  });

  it('lags by all that the log holds while it cannot find out where to go on', async () => {
    const log = { bounds: async () => [{ partition: 0, firstOffset: 80, endOffset: 100 }] };
    const resumeOffset = jest.fn((): Promise<number> => Promise.reject(new Error('the store is down')));
    const inner = { resumeOffset, onBatch: async () => undefined };
    const consumer = new MeasuredConsumer(inner, { ...labels, log, metrics: new Metrics() });
    consumer.stop();
    await expect(consumer.resumeOffset(0)).rejects.toThrow('the store is down');
    await consumer.readEnds();
    expect(consumer.lag()).toEqual([[0, 20]]);
    resumeOffset.mockResolvedValue(95);
    await consumer.resumeOffset(0);
    expect(consumer.lag()).toEqual([[0, 5]]);
    // A fresh question, as after a batch that failed, does not make it look as if all were to be done again.
    resumeOffset.mockReturnValue(new Promise(() => {}));
    void consumer.resumeOffset(0);
    expect(consumer.lag()).toEqual([[0, 5]]);
  });

  it('does not lag in a partition that was given up while it asked where to go on', async () => {
    let answer: (offset: number) => void = () => undefined;
    const inner = {
      resumeOffset: () => new Promise<number>((resolve) => (answer = resolve)),
      onBatch: async () => undefined,
    };
    const log = { bounds: async () => [] };
    const consumer = new MeasuredConsumer(inner, { ...labels, log, metrics: new Metrics() });
    consumer.stop();
    const resumed = consumer.resumeOffset(0);
    await consumer.onRevoked(0);
    answer(10);
    await resumed;
    expect(consumer.lag()).toEqual([]);
  });

  it('asks for the ends of a log that hangs only once', async () => {
    const bounds = jest.fn(() => new Promise<never>(() => {}));
    const inner = { resumeOffset: async () => 0, onBatch: async () => undefined };
    const consumer = new MeasuredConsumer(inner, { ...labels, log: { bounds }, metrics: new Metrics() });
    consumer.stop();
    for (let i = 0; i < 3; i++) void consumer.readEnds();
    expect(bounds).toHaveBeenCalledTimes(1);
  });

  it('counts nothing of a batch that failed, and goes on from where the handler says', async () => {
    const { consumer, metrics } = make(() => Promise.reject(new Error('store is down')));
    await consumer.resumeOffset(0);
    await expect(consumer.onBatch(batch(10, 20, 5))).rejects.toThrow('store is down');
    expect(consumer.lag()).toEqual([[0, 15]]);
    expect(metrics.value(METRICS.records, labels)).toBe(0);
    consumer.onError(new Error('store is down'), 0);
    expect(metrics.value(METRICS.batchFailures, labels)).toBe(1);
  });
});
