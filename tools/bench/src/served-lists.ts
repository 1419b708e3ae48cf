/**
 * What served lists are worth in the small simulated world, in true watch seconds: ours, ours with a ranker trained
 * without watch-time weights, popularity, random, and the oracle's. Both rankers train on the same archive and serve
 * from states that are the same at the start.
 */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { LocalSystem, temporaryFolder } from '@watchnext/end-to-end';
import {
  chooseViewers,
  evaluateLists,
  formatEvaluation,
  popularityProvider,
  randomProvider,
} from '@watchnext/simulator';
import { createDemoWorld, ingest, servedLists, trainAndServe } from './demo-world';
import { report, type BenchReport } from './report';

export interface ServedListsOptions {
  readonly seed: number;
  readonly users: number;
  readonly videos: number;
  readonly days: number;
  /** Viewers whose lists are valued. */
  readonly viewers: number;
  readonly limit: number;
}

export async function benchServedLists(options: ServedListsOptions): Promise<{ result: BenchReport; text: string }> {
  const { world, history } = createDemoWorld(options);
  const { path: folder, remove } = temporaryFolder('bench');
  const systems: LocalSystem[] = [];
  const open = async (name: string) => {
    const system = await LocalSystem.create({ dataDirectory: join(folder, name) });
    systems.push(system);
    await system.start();
    return system;
  };
  try {
    const first = await open('weighted');
    console.error(`ingesting ${history.events.length} events …`);
    await ingest(first, history);
    await first.dispose();
    cpSync(join(folder, 'weighted'), join(folder, 'unweighted'), { recursive: true });
    const weighted = await open('weighted');
    console.error('training with watch-time weights …');
    await trainAndServe(weighted);
    const unweighted = await open('unweighted');
    console.error('training without …');
    await trainAndServe(unweighted, ['--ranking-objective', 'click', '--override-gate']);
    const viewers = chooseViewers(world, options.viewers);
    const rows = await evaluateLists({
      world,
      memories: history.memories,
      viewers,
      limit: options.limit,
      providers: [
        randomProvider(world, history.memories, options.seed),
        popularityProvider(world, history.popularity, history.memories),
        servedLists('served, click-trained ranker', unweighted),
        servedLists('served', weighted),
      ],
    });
    const result = report('served-lists', { ...options, ...history.counts, events: history.events.length }, rows);
    return { result, text: formatEvaluation(rows, options.limit, viewers.length) };
  } finally {
    await Promise.all(systems.map((system) => system.dispose()));
    await remove();
  }
}
