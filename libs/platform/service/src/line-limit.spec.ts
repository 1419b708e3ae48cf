import { LineLimit } from './line-limit';

describe('a limit of log lines', () => {
  beforeEach(() => jest.useFakeTimers({ now: 0 }));
  afterEach(() => jest.useRealTimers());

  it('lets so many through in a second, and tells afterwards how many there were besides', () => {
    const told: number[] = [];
    const limit = new LineLimit(3, (count) => told.push(count), Date.now);
    const passed = Array.from({ length: 50 }, () => limit.take()).filter(Boolean).length;
    expect(passed).toBe(3);
    expect(told).toEqual([]);
    jest.advanceTimersByTime(1_000);
    expect(told).toEqual([47]);
    // And once only.
    jest.advanceTimersByTime(10_000);
    expect(told).toEqual([47]);
  });

  it('begins anew with each second, and tells of the one before even where its timer is late', () => {
    const told: number[] = [];
    let nowMs = 0;
    const limit = new LineLimit(
      1,
      (count) => told.push(count),
      () => nowMs,
    );
    expect([limit.take(), limit.take(), limit.take()]).toEqual([true, false, false]);
    nowMs = 1_500;
    expect([limit.take(), limit.take()]).toEqual([true, false]);
    expect(told).toEqual([2]);
    jest.advanceTimersByTime(5_000);
    expect(told).toEqual([2, 1]);
  });

  it('tells nothing where nothing was left out', () => {
    const told: number[] = [];
    const limit = new LineLimit(2, (count) => told.push(count), Date.now);
    for (let second = 0; second < 5; second++) {
      expect([limit.take(), limit.take()]).toEqual([true, true]);
      jest.advanceTimersByTime(1_000);
    }
    expect(told).toEqual([]);
  });
});
