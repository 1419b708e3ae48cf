/** npm run bench -- experiments …: what experiments promise, held against the simulated world, whose truth is known. */
import { madeFolder, newFile } from '@watchnext/command-line';
import type { Command } from 'commander';
import type { CommandHelpers } from '../command-helpers';
import { benchOffPolicy } from './off-policy';
import { benchReplays } from './replays';
import { benchReportSpeed } from './report-speed';
import { benchStory } from './story';

export function addExperimentCommands(
  program: Command,
  { count, measuring }: Pick<CommandHelpers, 'count' | 'measuring'>,
): void {
  const experiments = program
    .command('experiments')
    .description('experiments on the simulated world, whose truth is known');
  const command = (name: string, description: string) =>
    experiments
      .command(name)
      .description(description)
      .option('--json <file>', 'also write the report to this file', newFile);

  command(
    'replays',
    'false alarms with and without peeking, power, coverage, lost users and bots, by replaying experiments',
  )
    .option('--seed <n>', 'seed of the world', count, 1)
    .option('--users <n>', 'viewers of the world', count, 1_000)
    .option('--videos <n>', 'videos of the world', count, 500)
    .option('--days <n>', 'days of the experiment', count, 14)
    .option('--replays <n>', 'experiments replayed', count, 1_000)
    .action(measuring(benchReplays));

  command('off-policy', 'the error of off-policy estimates against the truth of policies that were not served')
    .option('--seed <n>', 'seed of the world', count, 1)
    .option('--users <n>', 'viewers of the world', count, 1_000)
    .option('--videos <n>', 'videos of the world', count, 1_000)
    .option('--draws <n>', 'lists logged', count, 3_000)
    .option('--repeats <n>', 'logs drawn anew', count, 300)
    .action(measuring(benchOffPolicy));

  command('report-speed', 'from Parquet files to the report, for so many users')
    .option('--users <n>', 'users in the experiment', count, 1_000_000)
    .action(measuring(benchReportSpeed));

  command('story', 'click-trained against watch-time ranker on the real services: interleaved, then an A/B test')
    .option('--seed <n>', 'seed of the world', count, 1)
    .option('--users <n>', 'viewers of the world', count, 800)
    .option('--videos <n>', 'videos of the world', count, 800)
    .option('--history <n>', 'days that the rankers learn from', count, 10)
    .option('--days <n>', 'days of the A/B test', count, 14)
    .option('--out <folder>', 'where the pages and plots go', madeFolder)
    .action(measuring(benchStory));
}
