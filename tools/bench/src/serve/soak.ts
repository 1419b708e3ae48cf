/** npm run bench -- soak: steady load while snapshots are swapped; errors, and whether memory, open files or latency grow. */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { textTable } from '@watchnext/experiment';
import { quantile, report, type BenchReport } from '../report';
import { type Growth, growthOf, type GrowthVerdict, type Sample, verdictOf } from './growth';
import { type LoadResult, NO_RUNG, RUNGS } from './load/load-job';
import { type MeasuredProcess, ServingScene } from './serving-scene';
import { drawSoak } from './soak-plot';
import type { Usage } from './usage';
import { prepareWorld, VARIANTS, type WorldOptions } from './world/prepare';

export interface SoakOptions extends WorldOptions {
  readonly work: string;
  readonly minutes: number;
  readonly rate: number;
  readonly swapSeconds: number;
  readonly deadline: number;
  readonly limit: number;
  readonly profile?: string;
  readonly plot?: string;
}

/** Of what grew, a share an hour that is worth speaking of. */
const TOLERANCE = { memory: 0.1, files: 0.05, latency: 0.5 };
/** Swaps until every service holds as many snapshots as it ever will. */
const WARM_UP_SWAPS = 5;
const LEAST_MEASURED_SWAPS = 3;
const SAMPLE_MS = 1_000;
/** A swap that took longer has not come about. */
const TAKE_OVER_LIMIT_MS = 60_000;
/** Of ingestion's cache of states. */
const LEAST_CACHED_USERS = 20;
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

export async function benchSoak(options: SoakOptions): Promise<{ result: BenchReport; text: string }> {
  const seconds = options.minutes * 60;
  const least = (WARM_UP_SWAPS + LEAST_MEASURED_SWAPS) * options.swapSeconds;
  if (seconds < least) {
    throw new Error(
      `${options.minutes} minutes hold fewer than ${WARM_UP_SWAPS + LEAST_MEASURED_SWAPS} swaps, of which ${WARM_UP_SWAPS} warm up: ` +
        `give --minutes ${Math.ceil(least / 60)} or fewer --swap-seconds`,
    );
  }
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const { videos, users, dimensions, ranker, seed, profile, deadline } = options;
  const prepared = await prepareWorld({ videos, users, dimensions, ranker, seed }, options.work, say);
  const environment = {
    WATCHNEXT_DEADLINE_MS: String(deadline),
    // Full within the first minutes: one that fills all the while looks like a leak.
    WATCHNEXT_STATE_CACHE_USERS: String(Math.max(LEAST_CACHED_USERS, Math.floor(users / 20))),
  };
  const scene = await ServingScene.create(prepared, { work: options.work, profile, environment }, say);
  try {
    const figures = await soak(scene, options, say);
    if (options.plot !== undefined) writeFileSync(options.plot, drawSoak(figures, options));
    // So that whoever runs it by a schedule hears of it.
    if (!figures.isErrorFree || figures.grows) process.exitCode = 1;
    return { result: report('soak', { ...options }, figures), text: describe(figures, options) };
  } finally {
    await scene.dispose();
  }
}

async function soak(scene: ServingScene, options: SoakOptions, say: (text: string) => void): Promise<SoakFigures> {
  const { rate, limit, swapSeconds } = options;
  const seconds = options.minutes * 60;
  const job = { gatewayUrl: scene.system.gatewayUrl, perSecond: rate, userCount: options.users, limit };
  say('warming up');
  await scene.load.run({ ...job, seconds: 10, seed: options.seed + 1 });
  const startedAtMs = Date.now();
  const usages: { seconds: number; usage: Map<MeasuredProcess, Usage> }[] = [];
  const published: { snapshotId: string; atMs: number }[] = [];
  let result: LoadResult | undefined;
  let failed = 0;
  const running = scene.load.run({ ...job, seconds, seed: options.seed }, (progress) => {
    if (progress.failed > failed) say(`${progress.failed} requests failed by now`);
    failed = progress.failed;
  });
  const untilDone = running.then((done) => (result = done));
  // Awaited below: what fails meanwhile must not end the process first.
  untilDone.catch(() => undefined);
  let sampleAtMs = startedAtMs;
  for (;;) {
    sampleAtMs += SAMPLE_MS;
    await Promise.race([untilDone, sleep(Math.max(0, sampleAtMs - Date.now()))]);
    if (result) break;
    const elapsed = (Date.now() - startedAtMs) / 1_000;
    usages.push({ seconds: elapsed, usage: scene.usage() });
    // The last one leaves its successor's whole time: it must be seen to serve.
    if (elapsed >= (published.length + 1) * swapSeconds && elapsed + swapSeconds <= seconds) {
      const atMs = Date.now();
      const snapshotId = await scene.publish(VARIANTS[(published.length + 1) % VARIANTS.length]!);
      published.push({ snapshotId, atMs });
      say(`${elapsed.toFixed(0)} s: published ${snapshotId}`);
    }
  }
  return figuresOf(await running, usages, published, options);
}

function figuresOf(
  result: LoadResult,
  usages: readonly { seconds: number; usage: Map<MeasuredProcess, Usage> }[],
  published: readonly { snapshotId: string; atMs: number }[],
  { minutes, swapSeconds }: SoakOptions,
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
  { snapshotId, atMs }: { snapshotId: string; atMs: number },
): number | undefined {
  const place = snapshotIds.indexOf(snapshotId);
  const first = place < 0 ? -1 : snapshots.indexOf(place);
  if (first < 0) return undefined;
  const tookMs = startedAtMs + dueMs[first]! + latencyMs[first]! - atMs;
  return tookMs <= TAKE_OVER_LIMIT_MS ? tookMs : undefined;
}

const percent = (share: number) => `${(100 * share).toFixed(1)}%`;

function describe(figures: SoakFigures, { minutes, rate, swapSeconds }: SoakOptions): string {
  const { requests, statuses, rungs, swaps, p50Ms, p99Ms, maxMs, trends } = figures;
  const taken = swaps.flatMap(({ takenOverMs }) => takenOverMs ?? []);
  const listed = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  const table = textTable(
    ['what', 'mean', 'an hour', '95% interval', 'verdict'],
    trends.map(({ what, growth, verdict }) => [
      what,
      growth ? shownMean(what, growth.mean) : '–',
      growth ? percent(growth.perHour) : '–',
      growth ? `${percent(growth.low)} to ${percent(growth.high)}` : '–',
      verdict,
    ]),
  );
  return [
    `${minutes} minutes at ${rate}/s, a snapshot every ${swapSeconds} s: ${requests} requests, by status ${listed(statuses)}; by rung ${listed(rungs)}`,
    `latency p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, max ${maxMs.toFixed(0)} ms`,
    `${swaps.length} swaps, ${taken.length} taken over, the latest ${(Math.max(0, ...taken) / 1_000).toFixed(1)} s after its announcement`,
    '',
    `growth after ${WARM_UP_SWAPS} swaps, of means over one swap each:`,
    table,
    '',
    `errors: ${figures.isErrorFree ? 'none' : 'there were some'}; growth: ${figures.grows ? 'yes' : 'none seen'}`,
  ].join('\n');
}

const shownMean = (what: string, mean: number) =>
  what.includes('bytes') ? `${(mean / 2 ** 20).toFixed(0)} MiB` : mean.toFixed(1);
