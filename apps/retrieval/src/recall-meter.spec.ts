import type { SearchResult } from '@watchnext/ann-index';
import { collectGarbage } from '@watchnext/threads';
import type { OpenIndex } from '@watchnext/vector-search';
import { RecallMeter } from './recall-meter';

const QUERY = new Float32Array([1, 0]);
const found: SearchResult = { labels: [1, 2], scores: [0.9, 0.5] };
const exact: SearchResult = { labels: [1, 3], scores: [0.9, 0.8] };

/** An index of which a comparison takes so long. */
function indexOf(compareMs: number) {
  const compare = jest.fn(async () => {
    await new Promise((resolve) => setTimeout(resolve, compareMs));
    return { found, exact };
  });
  return { compare, index: { compare } as unknown as OpenIndex };
}

describe('the meter of recall', () => {
  const fail = (error: unknown) => {
    throw error;
  };
  let meter: RecallMeter;
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => {
    meter.stop();
    jest.useRealTimers();
  });

  it('samples the latest query as often as is wanted, and no query twice', async () => {
    meter = new RecallMeter(2, fail);
    meter.start();
    const { compare, index } = indexOf(1);
    meter.offer(index, new Float32Array([0, 1]));
    meter.offer(index, QUERY);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(compare).toHaveBeenCalledTimes(1);
    expect(compare).toHaveBeenCalledWith(QUERY, expect.any(Number));
    expect(meter.recall).toBe(0.5);
    meter.offer(index, QUERY);
    await jest.advanceTimersByTimeAsync(2_100);
    expect(meter.sampleCount).toBe(2);
  });

  it('keeps no index that nobody else holds any more, on an idle service neither', async () => {
    meter = new RecallMeter(2, fail);
    meter.start();
    const offered = (() => {
      const index = { compare: async () => ({ found, exact }) } as unknown as OpenIndex;
      meter.offer(index, QUERY);
      return new WeakRef(index);
    })();
    await jest.advanceTimersByTimeAsync(2_100);
    expect(meter.sampleCount).toBe(1);
    collectGarbage();
    expect(offered.deref()).toBeUndefined();
    expect(meter.recall).toBe(0.5);
  });

  it('keeps no query while it samples none', async () => {
    meter = new RecallMeter(0, fail);
    meter.start();
    const { compare, index } = indexOf(1);
    meter.offer(index, QUERY);
    await meter.sample();
    expect(compare).not.toHaveBeenCalled();
  });

  it('takes no more than a fiftieth of a processor, however often samples are wanted', async () => {
    meter = new RecallMeter(2, fail);
    meter.start();
    const { compare, index } = indexOf(1_000);
    for (let second = 0; second < 200; second++) {
      meter.offer(index, QUERY);
      await jest.advanceTimersByTimeAsync(1_000);
    }
    // After 2 s, and then 50 s after the end of the one before.
    expect(compare).toHaveBeenCalledTimes(4);
  });

  it('begins no sample once it was stopped, not after one that was under way either', async () => {
    meter = new RecallMeter(2, fail);
    meter.start();
    const { compare, index } = indexOf(1_000);
    meter.offer(index, QUERY);
    await jest.advanceTimersByTimeAsync(2_500);
    meter.stop();
    meter.offer(index, QUERY);
    await jest.advanceTimersByTimeAsync(100_000);
    expect(compare).toHaveBeenCalledTimes(1);
    expect(jest.getTimerCount()).toBe(0);
  });
});
