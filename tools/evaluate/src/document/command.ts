/** npm run evaluate -- report: everything there is to see of a log's models, as a page and as Markdown. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { madeFolder, moment } from '@watchnext/command-line';
import type { Command } from 'commander';
import { evaluateCandidates } from '../candidates/evaluate';
import { formsOf } from '../candidates/forms';
import { count, counts } from '../command-arguments';
import { archiveFingerprint, watchDataOf } from '../data/archive';
import { UsageError } from '../exit-codes';
import { paperDataOf } from '../paper/data';
import { findingsOn, PARTS } from '../paper/findings';
import { runPaper } from '../paper/run';
import { runnerHere } from '../paper/runners';
import { untilInterrupted } from '../interruption';
import { progressOnStandardError as progress } from '../progress';
import { evaluateRanking } from '../ranking/evaluate';
import { rankingVariants } from '../ranking/variants';
import { showReplay } from '../replay';
import { evaluationReport, type EvaluationReport } from '../report';
import { trainingEngines } from '../training-engines';
import { evaluationDocument, readReports, writeOutputs, writeReportFolder } from './evaluation';

interface ReportOptions {
  readonly archive?: string;
  readonly partitions: number;
  readonly testDays: number;
  readonly testFrom?: number;
  readonly seeds: readonly number[];
  readonly findings: boolean;
  readonly threads: number;
  readonly out: string;
}

export function addReportCommand(program: Command): void {
  program
    .command('report [json...]')
    .description('an HTML page and Markdown with plots: of an archive, or of what --json of the other commands wrote')
    .option('--archive <folder>', 'measure all of it: candidates, ranking, and what the paper found')
    .option('--partitions <n>', "partitions of the archive's activity topic", count, 4)
    .option('--test-days <n>', 'UTC days held out at the end', count, 2)
    .option('--test-from <time>', 'instead, from this moment on (ISO 8601; UTC without a zone)', moment)
    .option('--seeds <list>', 'models are trained once with each', counts, [1])
    .option('--no-findings', "leave out the paper's findings, which take most of the time")
    .option('--threads <n>', 'that models are trained on; any number gives the same', count, availableParallelism())
    .requiredOption('--out <folder>', 'report.html, report.md, report.json and finished trainings go there', madeFolder)
    .action(runReport);
}

async function runReport(files: readonly string[], options: ReportOptions): Promise<void> {
  const { archive, out } = options;
  if ((archive === undefined) === (files.length === 0))
    throw new UsageError('name --archive, or the files that --json of candidates, ranking or paper wrote');
  if (archive !== undefined) {
    writeOutputs(await measure(archive, options), { json: join(out, 'report.json'), report: out });
    return;
  }
  writeReportFolder(evaluationDocument(readReports(files)), out);
  console.log(`written to ${join(out, 'report.html')} and ${join(out, 'report.md')}`);
}

async function measure(archive: string, options: ReportOptions): Promise<EvaluationReport> {
  const { partitions: partitionCount, testDays, testFrom, seeds, threads, findings, out } = options;
  const signal = untilInterrupted();
  // Before the replay: what a living archive gets meanwhile makes other trainings of the next report.
  const fingerprint = await archiveFingerprint(archive);
  const replayed = await showReplay(archive, { partitionCount, signal }, progress);
  const from = testFrom === undefined ? {} : { testFromMs: testFrom };
  const protocol = { name: 'temporal', testDays, queriesPerUser: 5, ...from } as const;
  const { candidate: createCandidates, ranking: createRanking } = await trainingEngines(threads);
  const candidates = await evaluateCandidates(watchDataOf(replayed, archive), {
    protocol,
    part: 'test',
    seen: 'left-out',
    seeds,
    forms: formsOf({}),
    withBaselines: true,
    createEngine: createCandidates,
    signal,
    progress,
  });
  const ranking = await evaluateRanking(replayed, {
    source: archive,
    testDays,
    ...from,
    part: 'test',
    variants: rankingVariants(['objectives']),
    seeds,
    createEngine: createRanking,
    signal,
    progress,
  });
  if (!findings) return evaluationReport({ candidates, ranking });
  const paper = await runPaper([paperDataOf(replayed, { name: archive, fingerprint, protocol })], {
    findingsOn,
    parts: PARTS,
    seeds,
    workFolder: join(out, 'trainings'),
    untilMs: Infinity,
    runners: [runnerHere({ candidateEngine: createCandidates, rankingEngine: createRanking, signal })],
    signal,
    progress,
  });
  return evaluationReport({ candidates, ranking, paper });
}
