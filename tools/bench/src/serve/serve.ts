/** npm run bench -- serve: latency by rate over HTTP, the knee, memory and processor time, and what an overload leaves of it. */
import { writeFileSync } from 'node:fs';
import { percent } from '@watchnext/command-line';
import type { RankingPrecision } from '@watchnext/ranking-model';
import { type BenchReport, report } from '../report';
import { goodputRatio, isWithin, kneeOf, type KneeRule, pointOf, type RatePoint } from './figures';
import { describeServe, drawServe } from './serve-report';
import { type MeasuredProcess, ServingScene } from './serving-scene';
import { type PreparedWorld, prepareWorld, type WorldOptions } from './world/prepare';

export interface ServeOptions extends WorldOptions {
  readonly rankingPrecision: RankingPrecision;
  readonly work: string;
  readonly rates: readonly number[];
  readonly seconds: number;
  readonly warmUp: number;
  readonly refine: number;
  readonly overload: number;
  readonly deadline: number;
  readonly p99: number;
  readonly full: number;
  readonly limit: number;
  readonly plot?: string;
  readonly profile?: string;
}

export interface ServicePoint {
  readonly residentMib: number;
  /** Milliseconds of processor for each request, those that were shed included. */
  readonly cpuMsPerRequest: number;
}

export interface MeasuredPoint extends RatePoint {
  readonly services: Readonly<Partial<Record<MeasuredProcess, ServicePoint>>>;
}

export interface ServeFigures {
  readonly world: Omit<PreparedWorld, 'folder'>;
  /** Ascending by rate. */
  readonly points: readonly MeasuredPoint[];
  readonly rule: KneeRule;
  readonly knee: MeasuredPoint | undefined;
  readonly overload: MeasuredPoint | undefined;
  /** Of the knee's goodput. */
  readonly overloadGoodput: number | undefined;
  /** Of the whole run, the load of the snapshot included. */
  readonly peakResidentMib: Readonly<Record<string, number>>;
}

const MIB = 2 ** 20;
/**
 * Before the first rate: compiled code and warm caches are what a service has that runs. V8 takes two thousand lists until it has
 * compiled their way for good; with three hundred the second of two equal rates had half of the first one's p99.
 */
const FIRST_WARM_UP = { perSecond: 40, seconds: 50 };

export async function benchServe(options: ServeOptions): Promise<{ result: BenchReport; text: string }> {
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const { videos, users, dimensions, ranker, seed, rankingPrecision, profile, deadline } = options;
  const prepared = await prepareWorld({ videos, users, dimensions, ranker, seed }, rankingPrecision, options.work, say);
  const environment = { WATCHNEXT_DEADLINE_MS: String(deadline) };
  const scene = await ServingScene.create(prepared, { work: options.work, profile, environment }, say);
  try {
    const figures = await measure(scene, prepared, options, say);
    if (options.plot !== undefined) writeFileSync(options.plot, drawServe(figures, options));
    return { result: report('serve', { ...options }, figures), text: describeServe(figures, options) };
  } finally {
    await scene.dispose();
  }
}

async function measure(
  scene: ServingScene,
  prepared: PreparedWorld,
  options: ServeOptions,
  say: (text: string) => void,
): Promise<ServeFigures> {
  const rule = { p99Ms: options.p99, full: options.full };
  const points: MeasuredPoint[] = [];
  const at = async (perSecond: number) => {
    const point = await measureRate(scene, perSecond, options);
    say(
      `${perSecond}/s: p50 ${point.p50Ms.toFixed(1)} ms, p99 ${point.p99Ms.toFixed(1)} ms, ` +
        `${percent(point.rungs['full'] ?? 0)} full, ${percent(point.shed)} shed, ${percent(point.failed)} failed${failuresOf(point)}`,
    );
    return point;
  };
  say('warming up');
  await scene.load.run({ ...jobOf(scene, options), ...FIRST_WARM_UP });
  for (const perSecond of [...options.rates].sort((a, b) => a - b)) {
    points.push(await at(perSecond));
    // Two beyond the knee show what becomes of the latency; more would tell nothing else.
    if (points.filter((point) => !isWithin(point, rule)).length === 2) break;
  }
  for (let step = 0; step < options.refine; step++) {
    const { knee, firstBeyond } = kneeOf(points, rule);
    if (!knee || !firstBeyond || firstBeyond.perSecond - knee.perSecond < 2) break;
    points.push(await at(Math.round((knee.perSecond + firstBeyond.perSecond) / 2)));
  }
  const { knee } = kneeOf(points, rule);
  const overload = knee && (await at(Math.round(options.overload * knee.perSecond)));
  const { folder: _, ...world } = prepared;
  return {
    world,
    points: points.sort((a, b) => a.perSecond - b.perSecond),
    rule,
    knee,
    overload,
    overloadGoodput: knee && overload && goodputRatio(overload, knee),
    peakResidentMib: Object.fromEntries(
      [...scene.usage()].map(([name, { peakResidentBytes }]) => [name, Math.round(peakResidentBytes / MIB)]),
    ),
  };
}

const jobOf = (scene: ServingScene, { users, limit, seed }: ServeOptions) => ({
  gatewayUrl: scene.system.gatewayUrl,
  userCount: users,
  limit,
  seed,
});

async function measureRate(scene: ServingScene, perSecond: number, options: ServeOptions): Promise<MeasuredPoint> {
  await scene.calm();
  const { seconds, warmUp: warmUpSeconds, deadline: deadlineMs } = options;
  const before = scene.usage();
  const result = await scene.load.run({
    ...jobOf(scene, options),
    seed: options.seed + perSecond,
    perSecond,
    seconds: warmUpSeconds + seconds,
  });
  const services = Object.fromEntries(
    [...scene.usage()].map(([name, { cpuSeconds, residentBytes }]) => [
      name,
      {
        residentMib: Math.round(residentBytes / MIB),
        cpuMsPerRequest: (1_000 * (cpuSeconds - before.get(name)!.cpuSeconds)) / result.dueMs.length,
      },
    ]),
  );
  return { ...pointOf(result, { perSecond, warmUpSeconds, seconds, deadlineMs }), services };
}

const failuresOf = ({ failures }: RatePoint) =>
  Object.entries(failures)
    .map(([what, count]) => `; ${what}: ${count}`)
    .join('');
