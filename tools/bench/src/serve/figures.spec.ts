import { goodputRatio, kneeOf, pointOf } from './figures';
import { type LoadResult, NO_RUNG } from './load/load-job';

type Request = readonly [dueMs: number, latencyMs: number, status: number, rung?: number];

const resultOf = (requests: readonly Request[]): LoadResult => ({
  startedAtMs: 0,
  dueMs: Float64Array.from(requests, ([dueMs]) => dueMs),
  latencyMs: Float64Array.from(requests, ([, latencyMs]) => latencyMs),
  statuses: Uint16Array.from(requests, ([, , status]) => status),
  rungs: Uint8Array.from(requests, ([, , , rung]) => rung ?? NO_RUNG),
  snapshots: new Int32Array(requests.length),
  snapshotIds: ['a'],
  serverTimings: requests.map(() => ''),
  largestSendDelayMs: 1,
});

const measured = { perSecond: 1, warmUpSeconds: 1, seconds: 2, deadlineMs: 500 };

describe('what a run says', () => {
  it('counts what is due after the warm-up, each request as one thing', () => {
    const point = pointOf(
      resultOf([
        [500, 9_000, 200, 0],
        [1_000, 10, 200, 0],
        [1_500, 600, 200, 0],
        [2_000, 20, 200, 1],
        [2_500, 1, 429],
      ]),
      measured,
    );
    expect(point).toMatchObject({ requests: 4, ok: 0.75, shed: 0.25, failed: 0, maxMs: 600, p50Ms: 20 });
    expect(point.rungs).toEqual({ full: 0.5, 'retrieval-order': 0.25 });
    // A full list past its deadline is no use to anyone.
    expect(point.goodputPerSecond).toBe(0.5);
    expect(point.offeredPerSecond).toBe(2);
  });

  it('takes an answer without a list, and none at all, for failures', () => {
    const point = pointOf(
      resultOf([
        [1_000, 5, 200],
        [1_100, 5, 500],
        [1_200, 20_000, 0],
      ]),
      measured,
    );
    expect(point).toMatchObject({ requests: 3, ok: 0, failed: 1, p99Ms: NaN, goodputPerSecond: 0 });
    expect(point.failures).toEqual({ 'an empty list': 1, 'status 500': 1, 'no answer': 1 });
  });

  it('is empty where nothing came after the warm-up', () => {
    expect(pointOf(resultOf([[1, 1, 200, 0]]), measured)).toMatchObject({ requests: 0, ok: 0, failed: 0 });
  });
});

describe('the knee', () => {
  const rule = { p99Ms: 50, full: 0.99 };
  const point = (perSecond: number, p99Ms: number, full = 1) => ({ perSecond, p99Ms, rungs: { full } });

  it('is the last rate within the rule, whatever order they were measured in', () => {
    const { knee, firstBeyond } = kneeOf([point(100, 80), point(25, 20), point(50, 45)], rule);
    expect([knee?.perSecond, firstBeyond?.perSecond]).toEqual([50, 100]);
  });

  it('lies below the first rate beyond it, though a higher one looks well', () => {
    expect(kneeOf([point(25, 20), point(50, 60), point(100, 40)], rule).knee?.perSecond).toBe(25);
  });

  it('asks for full lists as well as for fast ones', () => {
    expect(kneeOf([point(25, 20), point(50, 20, 0.98)], rule).knee?.perSecond).toBe(25);
  });

  it('is not there where nothing is answered in time, and not found where everything is', () => {
    expect(kneeOf([point(25, NaN)], rule)).toMatchObject({ knee: undefined, firstBeyond: { perSecond: 25 } });
    expect(kneeOf([point(25, 20)], rule)).toMatchObject({ knee: { perSecond: 25 }, firstBeyond: undefined });
  });

  it('compares goodputs', () => {
    const of = (goodputPerSecond: number) => ({ goodputPerSecond }) as never;
    expect(goodputRatio(of(45), of(50))).toBeCloseTo(0.9);
  });
});
