/** npm run paper: the paper's findings on the simulated world and on KuaiRand. */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type DocumentPart, renderHtmlDocument, type ReportDocument } from '@watchnext/plots';
import { type Command, InvalidArgumentError } from 'commander';
import { count, counts } from '../command-arguments';
import { EvaluationDataError } from '../data/watch-data';
import { writeMarkdown } from '../document/evaluation';
import { progressOnStandardError as progress } from '../progress';
import { evaluationReport, type EvaluationReport, writeReport } from '../report';
import { trainingEngines } from '../training-engines';
import { type ArchiveSource, kuairand, openData, smallWorld } from './data';
import { findingParts, summaryTable } from './document';
import { PARTS } from './findings';
import type { PaperReport } from './report';
import { runPaper } from './run';

interface PaperCommandOptions {
  readonly kuairand?: string;
  readonly only: readonly string[];
  readonly on: readonly string[];
  readonly seeds: readonly number[];
  readonly minutes?: number;
  readonly threads: number;
  readonly work: string;
  readonly markdown: string;
  readonly html?: string;
  readonly json?: string;
}

const LOGS = ['small', 'kuairand'] as const;
function minutes(text: string): number {
  const value = Number(text);
  if (!(value >= 0)) throw new InvalidArgumentError('a number of minutes from 0');
  return value;
}

const list = (text: string) => text.split(',').map((name) => name.trim());

export function addPaperCommand(program: Command): void {
  program
    .command('paper')
    .description("the paper's findings on the simulated world and on KuaiRand: does each ordering hold?")
    .option('--kuairand <path>', 'folder of KuaiRand-Pure; without it, only the simulated world')
    .option('--only <parts>', `of ${PARTS.join(', ')}`, list, PARTS)
    .option('--on <logs>', `of ${LOGS.join(', ')}`, list, [...LOGS])
    .option('--seeds <list>', 'each training once with each', counts, [1, 2, 3])
    .option(
      '--minutes <n>',
      'stop after so long; the same command goes on from there; 0 only writes what is there',
      minutes,
    )
    .option('--threads <n>', 'that models are trained on; any number gives the same', count, availableParallelism())
    .option('--work <folder>', 'where archives and finished trainings are kept', 'node_modules/.cache/watchnext-paper')
    .option(
      '--markdown <file>',
      'what is written; figures go to the folder "figures" beside it',
      'docs/paper-results.md',
    )
    .option('--html <file>', 'also as one page')
    .option('--json <file>', 'also the figures')
    .action(runPaperCommand);
}

async function runPaperCommand(options: PaperCommandOptions): Promise<void> {
  const startedAtMs = Date.now();
  requireKnown('--only', options.only, PARTS);
  requireKnown('--on', options.on, LOGS);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new Error('stopped; the same command goes on from here')));
  process.once('SIGTERM', () => stop.abort(new Error('stopped; the same command goes on from here')));
  const sources = sourcesOf(options);
  const logs = [];
  for (const source of sources) logs.push(await openData(source, options.work, progress, stop.signal));
  const engines = await trainingEngines(options.threads);
  const paper = await runPaper(logs, {
    parts: options.only,
    seeds: options.seeds,
    workFolder: join(options.work, 'trainings'),
    untilMs: options.minutes === undefined ? Infinity : startedAtMs + 60_000 * options.minutes,
    candidateEngine: engines.candidate,
    rankingEngine: engines.ranking,
    signal: stop.signal,
    progress,
  });
  const report = evaluationReport({ paper });
  const document = paperDocument(paper, report);
  writeMarkdown(document, options.markdown);
  if (options.html !== undefined) writeFileSync(options.html, renderHtmlDocument(document));
  if (options.json !== undefined) writeReport(options.json, report);
  for (const { name, findings } of paper.logs)
    for (const { part, orderings, seeds } of findings)
      console.log(`${name}, ${part}: ${orderings[0].verdict} (${seeds.length} of ${options.seeds.length} seeds)`);
  console.log(`written to ${options.markdown}${paper.finished ? '' : '; run the same command again for the rest'}`);
}

/** @throws EvaluationDataError naming what there is */
function requireKnown(option: string, names: readonly string[], known: readonly string[]): void {
  for (const name of names)
    if (!known.includes(name)) throw new EvaluationDataError(`${option} ${name}: there are ${known.join(', ')}`);
}

function sourcesOf({ on, kuairand: path, work }: PaperCommandOptions): ArchiveSource[] {
  const withKuairand = on.includes('kuairand') && path !== undefined;
  const sources = [
    ...(on.includes('small') ? [smallWorld(work)] : []),
    ...(withKuairand ? [kuairand(path, work)] : []),
  ];
  if (sources.length === 0) throw new EvaluationDataError('KuaiRand needs --kuairand, the folder where it lies');
  return sources;
}

function paperDocument(paper: PaperReport, { machine, commit, measuredAt }: EvaluationReport): ReportDocument {
  const all = paper.logs.flatMap(({ findings }) => findings);
  const seconds = all.reduce((sum, one) => sum + one.processorSeconds, 0);
  const trainedBy = [...new Set(all.flatMap(({ commits }) => commits))].sort();
  const text = (content: string): DocumentPart => ({ kind: 'text', text: content });
  return {
    title: "The paper's findings, repeated",
    parts: [
      text(
        '`npm run paper -- --kuairand DIR` writes this page: what Covington, Adams and Sargin found (RecSys 2016), tried on a simulated world ' +
          'and on a real log, with towers scaled to the data. Each form is trained with each seed on the same rows and measured on the days after them ' +
          '(Fig. 4: on users set aside).',
      ),
      text(
        'An ordering **holds** where both 95% intervals of the difference, by bootstrap paired on users and by Student over seeds, lie above zero, ' +
          'does not hold where both lie below, and cannot be told otherwise. One seed has the first interval only. The gain is how much better the form is that should be.',
      ),
      summaryTable(paper),
      ...paper.logs.map(({ name, description }) => text(`**${name}**: ${description}.`)),
      text(
        `Trainings of commit ${trainedBy.join(', ')}, put together by ${commit}, ${measuredAt.slice(0, 10)}; ${machine.cores} cores of ${machine.cpu}, Node ${machine.node.slice(1)}; ` +
          `${Math.round(seconds / 60)} minutes of processor time for training and asking${paper.finished ? '' : ', not all of it done yet'}. Parts may share a training; the sum counts it in each.`,
      ),
      ...findingParts(paper),
    ],
  };
}
