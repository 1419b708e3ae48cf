import { availableParallelism } from 'node:os';
import { moment, newFile } from '@watchnext/command-line';
import type { Command } from 'commander';
import { count, counts, repeated } from '../command-arguments';
import { untilInterrupted } from '../interruption';
import { progressOnStandardError as progress } from '../progress';
import { rankingChange } from '../ranking/variants';
import { showReplay } from '../replay';
import { evaluationReport, writeReport } from '../report';
import { trainingEngines } from '../training-engines';
import { evaluateWarmStart } from './evaluate';
import { warmStartTable } from './table';

interface WarmStartCommandOptions {
  readonly archive: string;
  readonly partitions: number;
  readonly from: number;
  readonly days: number;
  readonly seeds: readonly number[];
  readonly epochs: readonly number[];
  readonly threads: number;
  readonly set?: readonly string[];
  readonly json?: string;
}

export function addWarmStartCommand(program: Command): void {
  program
    .command('warm-start')
    .description("ranking models of days in turn: each from nothing, or from the day before's, by epochs")
    .requiredOption('--archive <folder>', 'data: an event archive, as ingestion or an import writes it')
    .requiredOption(
      '--from <time>',
      'the first day that is measured begins here (ISO 8601; UTC without a zone)',
      moment,
    )
    .option('--days <n>', 'days measured, each by a model from before it', count, 4)
    .option('--partitions <n>', "partitions of the archive's activity topic", count, 4)
    .option('--seeds <list>', 'all days are trained once with each', counts, [1])
    .option('--epochs <list>', 'of warm trainings, and of some from nothing beside the default', counts, [1, 2])
    .option('--threads <n>', 'that models are trained on; any number gives the same', count, availableParallelism())
    .option('--set <setting=value>', 'change a setting of all models; may be repeated', repeated)
    .option('--json <file>', 'also write the report to this file', newFile)
    .action(runWarmStart);
}

async function runWarmStart(options: WarmStartCommandOptions): Promise<void> {
  const signal = untilInterrupted();
  const { archive, partitions: partitionCount, from, days, seeds, epochs, threads } = options;
  const change = rankingChange(options.set ?? []);
  const replayed = await showReplay(archive, { partitionCount, signal }, progress);
  const warmStart = await evaluateWarmStart(replayed, {
    source: archive,
    fromMs: from,
    dayCount: days,
    seeds,
    epochs,
    change,
    createEngine: (await trainingEngines(threads)).ranking,
    signal,
    progress,
  });
  console.log(warmStartTable(warmStart));
  if (options.json === undefined) return;
  writeReport(options.json, evaluationReport({ warmStart }));
  console.log(`\nwritten to ${options.json}`);
}
