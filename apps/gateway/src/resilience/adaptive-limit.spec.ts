import fc from 'fast-check';
import { AdaptiveLimit, type Leaving } from './adaptive-limit';

const options = { initial: 20, minimum: 5, maximum: 50, targetMs: 100 };

describe('an adaptive limit', () => {
  let nowMs: number;
  const clock = () => nowMs;
  beforeEach(() => (nowMs = 0));

  /** `count` requests side by side, each taking `latencyMs`. */
  const round = (
    limit: AdaptiveLimit,
    count: number,
    latencyMs: number,
    how: Leaving = 'answered',
    deadlineMs?: number,
  ) => {
    const ends = Array.from({ length: count }, () => limit.enter(deadlineMs));
    nowMs += latencyMs;
    for (const end of ends) end?.(how);
    return ends.filter((end) => end === undefined).length;
  };

  it('sheds what is beyond it', () => {
    const limit = new AdaptiveLimit(options, clock);
    expect(round(limit, 25, 10)).toBe(5);
    expect(limit.inFlight).toBe(0);
  });

  it('grows by about one a round while requests are fast, to its maximum', () => {
    const limit = new AdaptiveLimit(options, clock);
    round(limit, 20, 10);
    expect(limit.limit).toBeGreaterThanOrEqual(20);
    for (let i = 0; i < 100; i++) round(limit, limit.limit, 10);
    expect(limit.limit).toBe(50);
  });

  it('falls once for a round of slow requests, not for each of them, to its minimum', () => {
    const limit = new AdaptiveLimit(options, clock);
    round(limit, 20, 105);
    expect(limit.limit).toBe(18);
    for (let i = 0; i < 50; i++) round(limit, limit.limit, 500);
    expect(limit.limit).toBe(5);
  });

  it('falls further the slower they were, to half at most', () => {
    for (const [latencyMs, expected] of [
      [101, 18],
      [125, 16],
      [160, 12],
      [5_000, 10],
    ] as const) {
      const limit = new AdaptiveLimit(options, clock);
      round(limit, 20, latencyMs);
      expect(limit.limit).toBe(expected);
    }
  });

  it('counts what a request waited before it came in', () => {
    const limit = new AdaptiveLimit(options, clock);
    const ends = Array.from({ length: 20 }, () => limit.enter(undefined, 60));
    nowMs += 50;
    for (const end of ends) end!('answered');
    expect(limit.limit).toBe(18);
  });

  it('learns nothing from requests that had it almost to themselves', () => {
    const limit = new AdaptiveLimit(options, clock);
    for (let i = 0; i < 50; i++) round(limit, 5, 500);
    expect(limit.limit).toBe(20);
  });

  it('does not take requests that were refused, abandoned or degraded for fast ones', () => {
    const limit = new AdaptiveLimit(options, clock);
    for (const how of ['refused', 'abandoned', 'degraded'] as const) {
      for (let i = 0; i < 100; i++) round(limit, limit.limit, 1, how);
      expect(limit.limit).toBe(20);
    }
    round(limit, 20, 500, 'refused');
    expect(limit.limit).toBe(20);
    round(limit, 20, 105, 'abandoned');
    expect(limit.limit).toBe(18);
    round(limit, 18, 105, 'degraded');
    expect(limit.limit).toBe(16);
  });

  it('takes a request for slow that used more than half of its own deadline', () => {
    const limit = new AdaptiveLimit(options, clock);
    round(limit, 20, 61, 'answered', 120);
    expect(limit.limit).toBe(18);
    for (let i = 0; i < 20; i++) round(limit, limit.limit, 55, 'answered', 120);
    expect(limit.limit).toBeGreaterThan(20);
  });

  it('does not shed for callers that are in a hurry, unless they too waited longer than anyone should', () => {
    const limit = new AdaptiveLimit(options, clock);
    for (const how of ['answered', 'degraded', 'abandoned'] as const) {
      for (let i = 0; i < 50; i++) round(limit, limit.limit, 40, how, 40);
      expect(limit.limit).toBe(20);
    }
    for (let i = 0; i < 20; i++) round(limit, limit.limit, 15, 'answered', 40);
    const grown = limit.limit;
    expect(grown).toBeGreaterThan(20);
    round(limit, grown, 101, 'degraded', 40);
    expect(limit.limit).toBeLessThan(grown);
    expect(limit.limit).toBeGreaterThan(0.85 * grown);
  });

  it('finds the number of requests that a server can answer in time', () => {
    const limit = new AdaptiveLimit({ ...options, initial: 40 }, clock);
    // Ten workers of 50 ms: the latency grows with what waits.
    for (let i = 0; i < 300; i++) round(limit, 60, 50 * Math.max(1, Math.min(60, limit.limit) / 10));
    expect(limit.limit).toBeGreaterThanOrEqual(15);
    expect(limit.limit).toBeLessThanOrEqual(21);
  });

  it('keeps its bounds, and lets in no more than its limit, whatever comes', () => {
    const step = fc.record({
      enters: fc.boolean(),
      ends: fc.nat(60),
      passesMs: fc.nat(300),
      how: fc.constantFrom<Leaving>('answered', 'degraded', 'abandoned', 'refused'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        nowMs = 0;
        const limit = new AdaptiveLimit(options, clock);
        const running: ((how: Leaving) => void)[] = [];
        for (const { enters, ends, passesMs, how } of steps) {
          nowMs += passesMs;
          if (enters) {
            const before = limit.inFlight;
            const end = limit.enter();
            expect(end !== undefined).toBe(before < limit.limit);
            if (end) running.push(end);
          } else {
            const [end] = running.splice(ends % Math.max(1, running.length), 1);
            end?.(how);
            end?.(how);
          }
          expect(limit.inFlight).toBe(running.length);
          expect(limit.limit).toBeGreaterThanOrEqual(options.minimum);
          expect(limit.limit).toBeLessThanOrEqual(options.maximum);
        }
      }),
    );
  });

  it('refuses bounds that are out of order', () => {
    expect(() => new AdaptiveLimit({ ...options, minimum: 30 })).toThrow(RangeError);
  });
});
