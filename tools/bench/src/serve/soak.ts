/** npm run bench -- soak: steady load while snapshots are swapped; errors, and whether memory, open files or latency grow. */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RankingPrecision } from '@watchnext/ranking-model';
import { report, type BenchReport } from '../report';
import type { LoadResult } from './load/load-job';
import { ServingScene } from './serving-scene';
import { type Published, type SoakFigures, soakFiguresOf, type UsageSample, WARM_UP_SWAPS } from './soak-figures';
import { drawSoak } from './soak-plot';
import { describeSoak } from './soak-report';
import { prepareWorld, VARIANTS, type WorldOptions } from './world/prepare';

export interface SoakOptions extends WorldOptions {
  readonly rankingPrecision: RankingPrecision;
  readonly work: string;
  readonly minutes: number;
  readonly rate: number;
  readonly swapSeconds: number;
  readonly deadline: number;
  readonly limit: number;
  readonly profile?: string;
  readonly plot?: string;
}

const LEAST_MEASURED_SWAPS = 3;
const SAMPLE_MS = 1_000;
/**
 * Of ingestion's cache of states: a twentieth of the users, and no more than the load asks for within the first minutes. At 8 requests
 * a second of 100,000 users a cache of 5,000 takes ten minutes to fill.
 */
const CACHED_USERS = { share: 0.05, least: 20, most: 1_000 };

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
  const { videos, users, dimensions, ranker, seed, rankingPrecision, profile, deadline } = options;
  const prepared = await prepareWorld({ videos, users, dimensions, ranker, seed }, rankingPrecision, options.work, say);
  const environment = {
    WATCHNEXT_DEADLINE_MS: String(deadline),
    // Full within the first minutes: one that fills all the while looks like a leak.
    WATCHNEXT_STATE_CACHE_USERS: String(cachedUsersOf(users)),
  };
  const scene = await ServingScene.create(prepared, { work: options.work, profile, environment }, say);
  try {
    const figures = await soak(scene, options, say);
    if (options.plot !== undefined) writeFileSync(options.plot, drawSoak(figures, options));
    // So that whoever runs it by a schedule hears of it.
    if (!figures.isErrorFree || figures.grows) process.exitCode = 1;
    return { result: report('soak', { ...options }, figures), text: describeSoak(figures, options) };
  } finally {
    await scene.dispose();
  }
}

function cachedUsersOf(users: number): number {
  const { share, least, most } = CACHED_USERS;
  return Math.min(most, Math.max(least, Math.floor(share * users)));
}

async function soak(scene: ServingScene, options: SoakOptions, say: (text: string) => void): Promise<SoakFigures> {
  const { rate, limit, swapSeconds } = options;
  const seconds = options.minutes * 60;
  const job = { gatewayUrl: scene.system.gatewayUrl, perSecond: rate, userCount: options.users, limit };
  say('warming up');
  await scene.load.run({ ...job, seconds: 10, seed: options.seed + 1 });
  const startedAtMs = Date.now();
  const usages: UsageSample[] = [];
  const published: Published[] = [];
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
  return soakFiguresOf(await running, usages, published, options);
}
