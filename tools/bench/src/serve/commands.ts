import { madeFolder, newFile, wholeNumber } from '@watchnext/command-line';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { RANKING_PRECISIONS } from '@watchnext/ranking-model';
import type { CommandHelpers } from '../command-helpers';
import { benchServe, type ServeOptions } from './serve';
import { benchSoak, type SoakOptions } from './soak';
import { withWorkFolder } from './work-folder';

const share = (text: string) => {
  const value = Number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError('a share above 0 and up to 1');
  return value;
};
const whole = wholeNumber();

export function addServingCommands(
  command: (name: string, description: string) => Command,
  { count, counts, measuring }: CommandHelpers,
): void {
  const ofWorld = (name: string, description: string) =>
    command(name, description)
      .option('--videos <n>', 'videos of the snapshot and the catalogue', count, 1_000_000)
      .option('--users <n>', 'viewers with states in Redis', count, 100_000)
      .option('--dimensions <n>', 'of a video vector', count, 64)
      .option('--ranker <list>', 'hidden layers of the ranker', counts, [512, 256])
      .addOption(
        new Option('--ranking-precision <name>', "of the ranker's hidden layers, as the trainer's")
          .choices(RANKING_PRECISIONS)
          .default('float32'),
      )
      .option('--seed <n>', 'of world and arrivals', count, 1)
      .option(
        '--work <dir>',
        'keeps the prepared world, and what runs; for one bench at a time',
        madeFolder,
        '.watchnext/bench',
      )
      .option('--limit <n>', 'length of a list', count, 10)
      .option('--deadline <ms>', "the gateway's", count, 500);
  ofWorld(
    'serve',
    'latency of lists by rate, open loop over HTTP through all services; the knee, and three times the knee',
  )
    .option('--rates <list>', 'requests a second, tried in turn', counts, [10, 25, 50, 75, 100, 150, 200, 300])
    .option('--seconds <n>', 'measured at each rate', count, 30)
    .option('--warm-up <n>', 'seconds at each rate before them', whole, 3)
    .option('--refine <n>', 'rates halfway between the knee and the first beyond it', whole, 2)
    .option('--p99 <ms>', 'that the knee keeps', count, 50)
    .option('--full <share>', 'of requests that get full lists, which the knee keeps', share, 0.99)
    .option('--overload <n>', 'times the knee', count, 3)
    .option('--plot <file>', 'latency by rate goes there, as SVG', newFile)
    .option('--profile <dir>', 'CPU profiles of the services go there, a folder each', madeFolder)
    .action(measuring((options: ServeOptions) => withWorkFolder(options.work, () => benchServe(options))));
  ofWorld('soak', 'steady load while snapshots are swapped: errors, and whether memory, open files or latency grow')
    .option('--minutes <n>', 'how long', count, 30)
    .option('--rate <n>', 'requests a second', count, 20)
    .option('--swap-seconds <n>', 'between two snapshots', count, 120)
    .option('--plot <file>', 'private memory of the services by time goes there, as SVG', newFile)
    .option('--profile <dir>', 'CPU profiles of the services go there, a folder each', madeFolder)
    .action(measuring((options: SoakOptions) => withWorkFolder(options.work, () => benchSoak(options))));
}
