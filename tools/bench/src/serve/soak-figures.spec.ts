import { NO_RUNG, type LoadResult } from './load/load-job';
import { soakFiguresOf, type UsageSample } from './soak-figures';

const MINUTES = 10;
const SWAP_SECONDS = 60;
const STARTED_AT_MS = 1_000_000;

/** An answer each second, of 10 ms; a second snapshot from second 61 on. */
function load(change: { readonly withoutListAt?: number; readonly secondFrom?: number } = {}): LoadResult {
  const count = MINUTES * 60;
  const dueMs = Float64Array.from({ length: count }, (_, i) => 1_000 * i);
  return {
    startedAtMs: STARTED_AT_MS,
    dueMs,
    latencyMs: new Float64Array(count).fill(10),
    statuses: new Uint16Array(count).fill(200),
    rungs: Uint8Array.from({ length: count }, (_, i) => (i === change.withoutListAt ? NO_RUNG : 0)),
    snapshots: Int32Array.from({ length: count }, (_, i) => (i >= (change.secondFrom ?? 61) ? 1 : 0)),
    snapshotIds: ['first', 'second'],
    serverTimings: [],
    largestSendDelayMs: 0,
  };
}

/** A sample each second; the gateway's private bytes grow by `grownShare` an hour. */
const usages = (grownShare = 0): UsageSample[] =>
  Array.from({ length: MINUTES * 60 }, (_, seconds) => {
    const level = { cpuSeconds: 0, residentBytes: 1, privateBytes: 1e8, peakResidentBytes: 1, openFiles: 20 };
    const gateway = { ...level, privateBytes: level.privateBytes * (1 + (grownShare * seconds) / 3_600) };
    return {
      seconds,
      usage: new Map([
        ['gateway', gateway],
        ['retrieval', level],
        ['ranking', level],
        ['ingestion', level],
      ] as const),
    };
  });

const PUBLISHED = [{ snapshotId: 'second', atMs: STARTED_AT_MS + 60_000 }];
const OPTIONS = { minutes: MINUTES, swapSeconds: SWAP_SECONDS };

describe('the figures of a soak', () => {
  it('have no error and no growth where each request got a list and all stays level', () => {
    const figures = soakFiguresOf(load(), usages(), PUBLISHED, OPTIONS);
    expect(figures).toMatchObject({
      requests: 600,
      statuses: { 200: 600 },
      rungs: { full: 600 },
      p50Ms: 10,
      isErrorFree: true,
      grows: false,
    });
    // Published at 60 s, first served by the answer to what was due at 61 s.
    expect(figures.swaps).toEqual([{ snapshotId: 'second', takenOverMs: 1_010 }]);
  });

  it('see memory that grows', () => {
    const { grows, trends } = soakFiguresOf(load(), usages(1), PUBLISHED, OPTIONS);
    expect(grows).toBe(true);
    expect(trends.filter(({ verdict }) => verdict === 'grows').map(({ what }) => what)).toEqual([
      'gateway: private bytes',
    ]);
  });

  it.each([
    ['a request without a list', load({ withoutListAt: 300 }), PUBLISHED],
    ['a snapshot that was taken over after more than a minute', load({ secondFrom: 125 }), PUBLISHED],
    ['a snapshot that was never seen', load(), [{ snapshotId: 'third', atMs: STARTED_AT_MS }]],
  ])('count %s as an error', (_, result, published) => {
    expect(soakFiguresOf(result, usages(), published, OPTIONS).isErrorFree).toBe(false);
  });
});
