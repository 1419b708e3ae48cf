/**
 * A frozen world end to end: lived straight into the archive, trained on by the trainer, served by retrieval, ranking and
 * gateway as separate processes, and the lists valued in true watch seconds beside the plainest and the best there are.
 *
 * A seed varies everything random in training, the random lists, and which viewers are valued. The world is the same.
 */
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startTask } from '@watchnext/command-line';
import { LocalSystem, temporaryFolder } from '@watchnext/end-to-end';
import {
  chooseViewers,
  evaluateLists,
  FROZEN,
  memoriesOf,
  popularityByCountryProvider,
  popularityProvider,
  randomProvider,
  trueEffect,
  World,
  type FrozenWorldName,
  type GeneratedArchive,
  type ListEvaluation,
  type ListProvider,
  type WorldOptions,
} from '@watchnext/simulator';
import { servedLists, trainAndServe } from '../demo-world';
import { report, type BenchReport } from '../report';
import { effectOverSeeds, formatSummary, summarise } from './across-seeds';
import { decompose } from './decompose';
import { fillLog, foldStates, generateInto } from './prepare';
import { popularOfSnapshot } from './popular-of-snapshot';

export interface WorldBenchOptions {
  readonly world: FrozenWorldName;
  readonly seeds: number;
  /** Viewers whose lists are valued, for each seed. */
  readonly viewers: number;
  readonly limit: number;
  readonly workers: number;
  /** Whether the steps to the served list get rows of their own, in place of the ranker without watch-time weights. */
  readonly decompose: boolean;
}

const OURS = 'served';
const POPULAR_BY_COUNTRY = 'popularity by country';
const UNWEIGHTED = 'served, no watch-time weights';
const NOTE_EVERY_MS = 2_000;
/** What lists are worth is measured, not how soon they come. */
const PATIENT = { WATCHNEXT_DEADLINE_MS: '5000' };

type Timed = <Result>(name: string, work: () => Promise<Result>) => Promise<Result>;

interface Prepared {
  readonly folder: string;
  readonly options: WorldOptions;
  readonly generated: GeneratedArchive;
}

export async function benchWorld(options: WorldBenchOptions): Promise<{ result: BenchReport; text: string }> {
  const { path: folder, remove } = temporaryFolder('world');
  const seconds: Record<string, number> = {};
  const startedAt = performance.now();
  const timed: Timed = async (name, work) => {
    const from = performance.now();
    const result = await work();
    seconds[name] = (seconds[name] ?? 0) + (performance.now() - from) / 1_000;
    return result;
  };
  try {
    // The services' clocks say now, so the same world ends now.
    const world: WorldOptions = { ...FROZEN[options.world], endMs: Math.floor(Date.now() / 60_000) * 60_000 };
    const prepared = { folder, options: world, generated: await prepareBase(folder, world, options.workers, timed) };
    const { generated } = prepared;
    const bySeed: ListEvaluation[][] = [];
    for (let seed = 1; seed <= options.seeds; seed++) {
      bySeed.push(await runSeed(prepared, options, seed, timed));
      if (seed === 1) seconds['first seed whole'] = (performance.now() - startedAt) / 1_000;
    }
    const lists = summarise(bySeed);
    const compared = options.decompose ? POPULAR_BY_COUNTRY : UNWEIGHTED;
    const effect = effectOverSeeds(bySeed.map((rows) => trueEffect(rowOf(rows, compared), rowOf(rows, OURS))));
    const { counts, eventCount } = generated;
    const figures = {
      lists,
      effect: { of: OURS, over: compared, ...effect },
      seconds,
      bySeed: bySeed.map((rows) => rows.map(withoutViewers)),
    };
    const text = [
      `True value of a list of ${options.limit}: expected watch seconds summed over its places, examination falling with each; ` +
        `${options.seeds} seed${options.seeds === 1 ? '' : 's'} of ${options.viewers} viewers each`,
      '',
      formatSummary(lists),
      '',
      `${OURS}, over ${compared}: ${effect.mean.toFixed(0)} ± ${effect.halfWidth.toFixed(0)} s a list`,
      `seconds: ${Object.entries(seconds)
        .map(([name, value]) => `${name} ${value.toFixed(0)}`)
        .join(', ')}`,
    ].join('\n');
    return { result: report('world', { ...options, ...counts, events: eventCount }, figures), text };
  } finally {
    await remove();
  }
}

/** Generates the world into `base`, from which every seed takes a copy; nothing runs there afterwards. */
async function prepareBase(
  folder: string,
  world: WorldOptions,
  workerCount: number,
  timed: Timed,
): Promise<GeneratedArchive> {
  const base = await LocalSystem.create({ dataDirectory: join(folder, 'base') });
  try {
    const generated = await timed('generate', () => generateInto(base, world, workerCount));
    await timed('log and states', async () => {
      await fillLog(base, generated.eventCount + generated.videoCount);
      await foldStates(base);
    });
    return generated;
  } finally {
    await base.dispose();
  }
}

async function runSeed(
  prepared: Prepared,
  { viewers: viewerCount, limit, decompose: isDecomposed }: WorldBenchOptions,
  seed: number,
  timed: Timed,
): Promise<ListEvaluation[]> {
  const { folder, options, generated } = prepared;
  const world = new World(options);
  const viewers = chooseViewers(world, viewerCount, seed - 1);
  const memories = memoriesOf(
    world,
    viewers.map(({ index }) => index),
  );
  const evaluate = async (providers: readonly ListProvider[]) => {
    const task = startTask('Asking for lists', 'viewers');
    const rows = await evaluateLists({
      world,
      memories,
      viewers,
      limit,
      providers,
      onProgress: (n, of) => task.update(n, of),
    });
    task.finish();
    return rows;
  };
  const serve = async (
    name: string,
    args: readonly string[],
    provide: (system: LocalSystem) => Promise<{ providers: readonly ListProvider[]; close?(): Promise<void> }>,
  ) => {
    const dataDirectory = join(folder, 'run');
    cpSync(join(folder, 'base'), dataDirectory, { recursive: true });
    const system = await LocalSystem.create({ dataDirectory, environment: PATIENT });
    try {
      await system.start();
      await timed('train', () => trainWithNotes(system, `seed ${seed}, ${name}`, ['--seed', String(seed), ...args]));
      const { providers, close } = await provide(system);
      try {
        return await timed('serve', () => evaluate(providers));
      } finally {
        await close?.();
      }
    } finally {
      await system.dispose();
      rmSync(dataDirectory, { recursive: true, force: true });
    }
  };
  const unweighted = async (system: LocalSystem) => ({ providers: [servedLists(UNWEIGHTED, system)] });
  const served = async (system: LocalSystem) => ({
    providers: [await popularOfSnapshot(system, world, memories), servedLists(OURS, system)],
  });
  // The oracle's row comes last of every evaluation, and once is enough.
  const ours = isDecomposed
    ? (await serve(OURS, [], (system) => decompose(OURS, system, world, memories))).slice(0, -1)
    : [
        ...(await serve(UNWEIGHTED, ['--ranking-objective', 'click', '--override-gate'], unweighted)).slice(0, -1),
        ...(await serve(OURS, [], served)).slice(0, -1),
      ];
  const { popularity } = generated;
  const [random, popular, byCountry, oracle] = await evaluate([
    randomProvider(world, memories, seed),
    popularityProvider(world, popularity, memories),
    popularityByCountryProvider(world, popularity, memories),
  ]);
  return [random, popular, byCountry, ...ours, oracle];
}

async function trainWithNotes(system: LocalSystem, title: string, args: readonly string[]): Promise<void> {
  const task = startTask(`Training (${title})`, 'seconds');
  const from = performance.now();
  const timer = setInterval(
    () => task.update(Math.round((performance.now() - from) / 1_000), 0, lastMessage(system)),
    NOTE_EVERY_MS,
  );
  try {
    await trainAndServe(system, args);
    task.finish();
  } catch (error) {
    task.abandon();
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/** What the trainer said last. */
function lastMessage(system: LocalSystem): string {
  try {
    const lines = readFileSync(join(system.dataDirectory, 'logs', 'trainer.log'), 'utf8')
      .trimEnd()
      .split('\n');
    return (JSON.parse(lines.at(-1) ?? '{}') as { msg?: string }).msg ?? '';
  } catch {
    return '';
  }
}

function rowOf(rows: readonly ListEvaluation[], name: string): ListEvaluation {
  const row = rows.find((each) => each.name === name);
  if (!row) throw new Error(`no row is called ${name}`);
  return row;
}

const withoutViewers = ({ watchSeconds: _, ...row }: ListEvaluation) => row;
