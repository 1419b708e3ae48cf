import { availableParallelism } from 'node:os';
import { madeFolder, moment, newFile } from '@watchnext/command-line';
import { type Command, Option } from 'commander';
import { count, counts, readableFile, repeated } from '../command-arguments';
import { untilInterrupted } from '../interruption';
import { progressOnStandardError as progress } from '../progress';
import { showReplay } from '../replay';
import { writeOutputs } from '../document/evaluation';
import { evaluationReport } from '../report';
import { trainingEngines } from '../training-engines';
import { evaluateRanking } from './evaluate';
import { readPeerScores, requirePeerColumns } from './peer-scores';
import { rankingTables } from './table';
import { RANKING_COMPARISON_NAMES, rankingVariants } from './variants';

interface RankingOptions {
  readonly archive: string;
  readonly partitions: number;
  readonly testDays: number;
  readonly testFrom?: number;
  readonly on: 'test' | 'validation';
  readonly seeds: readonly number[];
  readonly threads: number;
  readonly compare: readonly string[];
  readonly set?: readonly string[];
  readonly peerScores?: string;
  readonly peerName: string;
  readonly peerOrders: readonly string[];
  readonly keep?: string;
  readonly json?: string;
  readonly report?: string;
}

export function addRankingCommand(program: Command): void {
  program
    .command('ranking')
    .description('expected watch time of impressions: the model beside counting, a peer, and forms of itself')
    .requiredOption('--archive <folder>', 'data: an event archive, as ingestion or an import writes it')
    .option('--partitions <n>', "partitions of the archive's activity topic", count, 4)
    .option('--test-days <n>', 'UTC days held out at the end', count, 2)
    .option('--test-from <time>', 'instead, from this moment on (ISO 8601; UTC without a zone)', moment)
    .addOption(
      new Option('--on <part>', 'choose settings on validation; test says how good the choice was')
        .choices(['test', 'validation'])
        .default('test'),
    )
    .option('--seeds <list>', 'the model is trained once with each', counts, [1])
    .option('--threads <n>', 'that models are trained on; any number gives the same', count, availableParallelism())
    .option(
      '--compare <list>',
      `rows for forms of the model: ${RANKING_COMPARISON_NAMES.join(', ')}`,
      (text) => text.split(','),
      [],
    )
    .option('--set <setting=value>', 'change a setting of the model; may be repeated', repeated)
    .option(
      '--peer-scores <csv>',
      "another program's scores: user_id, video_id, is_click, watch_seconds, score",
      readableFile,
    )
    .option('--peer-name <name>', 'what that program is called in the table', 'peer')
    .option(
      '--peer-orders <columns>',
      'columns of that file to order by, a row for each; models are compared with the first in the table, with all below it',
      (text: string) => text.split(','),
      ['score'],
    )
    .option(
      '--keep <folder>',
      'keep what each trained model scored there, and train none again that is there: a run that was stopped goes on',
      madeFolder,
    )
    .option('--json <file>', 'also write the report, with calibration tables, to this file', newFile)
    .option('--report <folder>', 'also write report.html and report.md, with plots, to this folder', madeFolder)
    .action(runRanking);
}

async function runRanking(options: RankingOptions): Promise<void> {
  const signal = untilInterrupted();
  const { archive, keep, partitions: partitionCount, peerName, peerOrders, peerScores, testFrom } = options;
  const variants = rankingVariants(options.compare, options.set);
  if (peerScores !== undefined) await requirePeerColumns(peerScores, peerOrders);
  const replayed = await showReplay(archive, { partitionCount, signal }, progress);
  const ranking = await evaluateRanking(replayed, {
    source: archive,
    ...(testFrom === undefined ? {} : { testFromMs: testFrom }),
    testDays: options.testDays,
    part: options.on,
    variants,
    seeds: options.seeds,
    createEngine: (await trainingEngines(options.threads)).ranking,
    ...(peerScores === undefined
      ? {}
      : { peerName, readPeer: (impressions) => readPeerScores(peerScores, impressions, peerOrders) }),
    ...(keep === undefined ? {} : { keep }),
    signal,
    progress,
  });
  console.log(rankingTables(ranking));
  writeOutputs(evaluationReport({ ranking }), options);
}
