import { writeFileSync } from 'node:fs';
import { alignColumns, percent, startTask } from '@watchnext/command-line';
import { statisticsOf, statisticsOfTable, type WorldStatistics } from '../statistics';
import { World } from '../world';
import type { WorldOptions } from '../parameters';
import { readKuairand } from './kuairand';
import { plotStatistics, type PlottedLog } from './plot';

export interface DescribeOptions {
  readonly name: string;
  readonly world: WorldOptions;
  readonly stride: number;
  readonly kuairand?: string;
  readonly svg?: string;
  readonly json?: string;
}

/** Counts what the world looks like, beside KuaiRand if its files are given; prints a table and draws a plot. */
export async function describeWorld(options: DescribeOptions, signal: AbortSignal): Promise<void> {
  const statistics = await countWorld(options, signal);
  const logs: PlottedLog[] = [{ name: `simulated, ${options.name}`, statistics }];
  if (options.kuairand !== undefined) {
    const real = statisticsOfTable(await readKuairand(options.kuairand));
    logs.push({ name: 'KuaiRand-Pure, 25 April to 5 May 2022', statistics: real });
  }
  process.stdout.write(`${formatStatistics(logs)}\n`);
  if (options.svg !== undefined) writeFileSync(options.svg, plotStatistics(logs));
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(logs, null, 2)}\n`);
}

async function countWorld({ world, stride }: DescribeOptions, signal: AbortSignal): Promise<WorldStatistics> {
  const counting = startTask('Counting the world', 'impressions');
  try {
    const onProgress = (impressions: number) => counting.update(impressions);
    const statistics = await statisticsOf(new World(world), { stride, signal, onProgress });
    counting.finish();
    return statistics;
  } catch (error) {
    counting.abandon();
    throw error;
  }
}

function formatStatistics(logs: readonly PlottedLog[]): string {
  const shown = (share: number | undefined) => (share === undefined ? '' : percent(share));
  const top = (share: number) => (statistics: WorldStatistics) =>
    shown(statistics.concentration.find(([videos]) => videos >= share)?.[1]);
  const rows: [string, (statistics: WorldStatistics) => string][] = [
    ['impressions in view', ({ impressions }) => impressions.toLocaleString('en-US')],
    ['click rate', ({ clickRate }) => shown(clickRate)],
    ['watch seconds, mean', ({ meanWatchSeconds }) => meanWatchSeconds.toFixed(1)],
    ['watch seconds, deviation / mean', ({ variationOfWatchSeconds }) => variationOfWatchSeconds.toFixed(2)],
    ['watched to the end', ({ shareWatched }) => shown(shareWatched.at(-1))],
    ['given up within 5%', ({ shareWatched }) => shown(shareWatched[0])],
    ['watches of the top 1% of videos', top(0.01)],
    ['watches of the top 10%', top(0.1)],
    ['variance explained by the video', ({ explained }) => shown(explained.item)],
    ['… by the viewer', ({ explained }) => shown(explained.user)],
    ['… by both', ({ explained }) => shown(explained.itemAndUser)],
    ['… by the truth', ({ explained }) => shown(explained.truth)],
  ];
  const lines = [['', ...logs.map(({ name }) => name)]].concat(
    rows.map(([title, cell]) => [title, ...logs.map(({ statistics }) => cell(statistics))]),
  );
  return alignColumns(lines);
}
