/** What a soak's answers and samples say: errors, swaps, and whether anything grows. */
import { quantile } from '@watchnext/learning';
import { type Growth, growthOf, type GrowthVerdict, type Sample, verdictOf } from './growth';
import { type LoadResult, NO_RUNG, RUNGS } from './load/load-job';
import type { MeasuredProcess } from './serving-scene';
import type { Usage } from './usage';

/** Of what grew, a share an hour that is worth speaking of. */
const TOLERANCE = { memory: 0.1, files: 0.05, latency: 0.5 };
/** Swaps until every service holds as many snapshots as it ever will. */
export const WARM_UP_SWAPS = 5;
/** A swap that took longer has not come about. */
const TAKE_OVER_LIMIT_MS = 60_000;
/** Redis is not among them: its states grow by what the load has folded into them. */
const WATCHED = ['gateway', 'retrieval', 'ranking', 'ingestion'] as const satisfies readonly MeasuredProcess[];

interface Swap {
  readonly snapshotId: string;
  /** From the announcement to the first answer of it; undefined: there was none in time. */
  readonly takenOverMs: number | undefined;
}

export interface Trend {
  readonly what: string;
  /** Mean over each swap, from the beginning on; NaN for one without a sample. */
  readonly bySwap: readonly number[];
  readonly growth: Growth | undefined;
  readonly verdict: GrowthVerdict;
}

export interface SoakFigures {
  readonly requests: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Of the answers, by rung. */
  readonly rungs: Readonly<Record<string, number>>;
  readonly swaps: readonly Swap[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly trends: readonly Trend[];
  /** No answer but 200 with a list, and every snapshot taken over. */
  readonly isErrorFree: boolean;
  readonly grows: boolean;
}

/** A second's look at the services. */
export interface UsageSample {
  /** Since the load began. */
  readonly seconds: number;
  readonly usage: ReadonlyMap<MeasuredProcess, Usage>;
}

export interface Published {
  readonly snapshotId: string;
  readonly atMs: number;
}

export function soakFiguresOf(
  result: LoadResult,
  usages: readonly UsageSample[],
  published: readonly Published[],
  { minutes, swapSeconds }: { readonly minutes: number; readonly swapSeconds: number },
): SoakFigures {
  const { statuses, rungs, latencyMs, dueMs } = result;
  const statusCounts: Record<string, number> = {};
  const rungCounts: Record<string, number> = {};
  let withoutList = 0;
  statuses.forEach((status, i) => {
    const name = status === 0 ? 'none' : String(status);
    statusCounts[name] = (statusCounts[name] ?? 0) + 1;
    if (rungs[i] === NO_RUNG) {
      withoutList++;
      return;
    }
    const rung = RUNGS[rungs[i]!]!;
    rungCounts[rung] = (rungCounts[rung] ?? 0) + 1;
  });
  const swaps = published.map((one) => ({ snapshotId: one.snapshotId, takenOverMs: takenOver(result, one) }));
  const from = WARM_UP_SWAPS * swapSeconds;
  // A block is a swap: what a load of a snapshot takes for a while is in all of them alike.
  const blocks = Math.floor((minutes * 60 - from) / swapSeconds);
  const trendOf = (what: string, samples: readonly Sample[], tolerance: number): Trend => {
    const growth = growthOf(
      samples.filter((sample) => sample.seconds >= from),
      blocks,
    );
    return { what, bySwap: meansBy(swapSeconds, samples), growth, verdict: verdictOf(growth, tolerance) };
  };
  const ofUsage = (name: MeasuredProcess, read: (usage: Usage) => number) =>
    usages.map(({ seconds, usage }) => ({ seconds, value: read(usage.get(name)!) }));
  const trends = [
    ...WATCHED.map((name) =>
      trendOf(
        `${name}: private bytes`,
        ofUsage(name, ({ privateBytes }) => privateBytes),
        TOLERANCE.memory,
      ),
    ),
    ...WATCHED.map((name) =>
      trendOf(
        `${name}: open files`,
        ofUsage(name, ({ openFiles }) => openFiles),
        TOLERANCE.files,
      ),
    ),
    trendOf(
      'latency, ms',
      Array.from(latencyMs, (value, i) => ({ seconds: dueMs[i]! / 1_000, value })),
      TOLERANCE.latency,
    ),
  ];
  const all = Array.from(latencyMs);
  return {
    requests: statuses.length,
    statuses: statusCounts,
    rungs: rungCounts,
    swaps,
    p50Ms: quantile(all, 0.5),
    p99Ms: quantile(all, 0.99),
    maxMs: quantile(all, 1),
    trends,
    isErrorFree: withoutList === 0 && swaps.every(({ takenOverMs }) => takenOverMs !== undefined),
    grows: trends.some(({ verdict }) => verdict === 'grows'),
  };
}

/** Means over one stretch of time after the other. */
function meansBy(seconds: number, samples: readonly Sample[]): number[] {
  const sums: { sum: number; count: number }[] = [];
  for (const sample of samples) {
    const place = Math.floor(sample.seconds / seconds);
    while (sums.length <= place) sums.push({ sum: 0, count: 0 });
    sums[place]!.sum += sample.value;
    sums[place]!.count++;
  }
  return sums.map(({ sum, count }) => sum / count);
}

/** Milliseconds from an announcement to the first request whose answer was of that snapshot. */
function takenOver(
  { startedAtMs, dueMs, latencyMs, snapshots, snapshotIds }: LoadResult,
  { snapshotId, atMs }: Published,
): number | undefined {
  const place = snapshotIds.indexOf(snapshotId);
  const first = place < 0 ? -1 : snapshots.indexOf(place);
  if (first < 0) return undefined;
  const tookMs = startedAtMs + dueMs[first]! + latencyMs[first]! - atMs;
  return tookMs <= TAKE_OVER_LIMIT_MS ? tookMs : undefined;
}
