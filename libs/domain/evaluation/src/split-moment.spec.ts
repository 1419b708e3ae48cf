import fc from 'fast-check';
import { DAY_MS, HOUR_MS } from '@watchnext/features';
import { spanOfLog, splitMoment } from './split-moment';

const at = (text: string) => Date.parse(text);

describe('the moment that held-out days begin', () => {
  it('is the start of the last UTC day', () => {
    expect(splitMoment(at('2026-11-01T09:00Z'), at('2026-11-10T23:50Z'), 1).evaluatedFromMs).toBe(
      at('2026-11-10T00:00Z'),
    );
  });

  it('counts several days back, as for KuaiRand: train to 05-03, test 05-04 and 05-05', () => {
    const moment = splitMoment(at('2022-04-09T00:00Z'), at('2022-05-05T15:52Z'), 2);
    expect(moment).toEqual({ evaluatedFromMs: at('2022-05-04T00:00Z'), rule: 'last 2 UTC days' });
  });

  it('joins a last day that has hardly begun to the day before', () => {
    expect(splitMoment(at('2026-11-01T00:00Z'), at('2026-11-10T03:00Z'), 1).evaluatedFromMs).toBe(
      at('2026-11-09T00:00Z'),
    );
  });

  it('holds out the last 20% of the time where there are not days enough on both sides', () => {
    const moment = splitMoment(at('2026-11-10T00:00Z'), at('2026-11-10T20:00Z'), 1);
    expect(moment).toEqual({ evaluatedFromMs: at('2026-11-10T16:00Z'), rule: 'last 20% of the time' });
  });

  it('lies within the log, and leaves at least as many days before it as it holds out, or 80% of the time', () => {
    fc.assert(
      fc.property(
        fc.nat(1_000 * 24),
        fc.integer({ min: 1, max: 40 * 24 }),
        fc.integer({ min: 1, max: 5 }),
        (from, hours, days) => {
          const fromMs = from * HOUR_MS;
          const toMs = fromMs + hours * HOUR_MS;
          const { evaluatedFromMs, rule } = splitMoment(fromMs, toMs, days);
          expect(evaluatedFromMs).toBeGreaterThan(fromMs);
          expect(evaluatedFromMs).toBeLessThanOrEqual(toMs);
          if (rule === 'last 20% of the time') expect(evaluatedFromMs - fromMs).toBeCloseTo(0.8 * (toMs - fromMs), -1);
          else {
            expect(evaluatedFromMs % DAY_MS).toBe(0);
            expect(evaluatedFromMs - fromMs).toBeGreaterThanOrEqual(days * DAY_MS);
          }
        },
      ),
      { seed: 11 },
    );
  });
});

describe('the span of a log', () => {
  const days = (first: number, count: number, each: number) =>
    Array.from({ length: count * each }, (_, i) => (first + Math.floor(i / each)) * DAY_MS + (i % each) * HOUR_MS);
  const month = days(0, 30, 20);
  const ofMonth = { fromMs: 0, toMs: 29 * DAY_MS + 19 * HOUR_MS };

  it('is from its oldest to its newest event', () => {
    expect(spanOfLog(month)).toEqual(ofMonth);
    expect(spanOfLog([5])).toEqual({ fromMs: 5, toMs: 5 });
  });

  it('is without stray rows, dated by the clock of today or by none', () => {
    expect(spanOfLog([4_000 * DAY_MS, ...month])).toEqual(ofMonth);
    expect(spanOfLog([-100 * DAY_MS, ...month])).toEqual(ofMonth);
    expect(spanOfLog([...month, -9_000 * DAY_MS, 4_000 * DAY_MS])).toEqual(ofMonth);
  });

  it('is without those of several days', () => {
    expect(spanOfLog([...month, ...days(4_000, 2, 1)])).toEqual(ofMonth);
    expect(spanOfLog([...month, 70 * DAY_MS, 4_000 * DAY_MS, -9_000 * DAY_MS, -50 * DAY_MS])).toEqual(ofMonth);
  });

  it('is all of a log that is sparse all along, or that begins anew after a pause', () => {
    const sparse = Array.from({ length: 200 }, (_, n) => n * 40 * DAY_MS);
    expect(spanOfLog(sparse)).toEqual({ fromMs: 0, toMs: 199 * 40 * DAY_MS });
    expect(spanOfLog([...month, ...days(100, 1, 20)]).toMs).toBe(100 * DAY_MS + 19 * HOUR_MS);
    // A hundredth is six of 607.
    expect(spanOfLog([...month, ...days(100, 6, 1)])).toEqual(ofMonth);
    expect(spanOfLog([...month, ...days(100, 7, 1)]).toMs).toBe(106 * DAY_MS);
    expect(spanOfLog([...month, ...days(-100, 7, 1)]).fromMs).toBe(-100 * DAY_MS);
  });

  it('leaves at most a hundredth of the log out on either side, and nothing of one without a gap of a month', () => {
    const log = fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 1, max: 40 })), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(log, (counts) => {
        const times = counts.flatMap(([day, count]) => days(day, 1, count));
        const { fromMs, toMs } = spanOfLog(times);
        expect(times).toContain(fromMs);
        expect(times).toContain(toMs);
        expect(times.filter((atMs) => atMs < fromMs).length).toBeLessThanOrEqual(times.length / 100);
        expect(times.filter((atMs) => atMs > toMs).length).toBeLessThanOrEqual(times.length / 100);
        const numbers = [...new Set(times.map((atMs) => Math.floor(atMs / DAY_MS)))].sort((a, b) => a - b);
        const gaps = numbers.slice(1).map((day, i) => day - numbers[i]);
        if (gaps.every((gap) => gap < 30)) {
          expect(fromMs).toBe(times.reduce((a, b) => Math.min(a, b)));
          expect(toMs).toBe(times.reduce((a, b) => Math.max(a, b)));
        }
      }),
      { seed: 3 },
    );
  });
});
