/** A page of findings: a command that trains what they ask for, goes on where it was stopped, and writes what they come to. */
import { statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { madeFolder, newFile } from '@watchnext/command-line';
import { type DocumentPart, renderHtmlDocument, type ReportDocument } from '@watchnext/plots';
import { type Command, InvalidArgumentError } from 'commander';
import { count, counts, markdownFile } from '../command-arguments';
import { UsageError } from '../exit-codes';
import { untilInterrupted } from '../interruption';
import { writeMarkdown } from '../document/evaluation';
import { progressOnStandardError as progress } from '../progress';
import { evaluationReport, type EvaluationReport, writeReport } from '../report';
import {
  type ArchiveSource,
  type AskedPart,
  kuairand,
  movietweetings,
  openData,
  type PaperData,
  smallWorld,
} from './data';
import { findingParts, summaryTable } from './document';
import type { Finding } from './findings';
import type { PaperReport } from './report';
import { runPaper } from './run';
import { runnerApart } from './runners';

export interface Page {
  /** Of the subcommand. */
  readonly name: string;
  readonly description: string;
  readonly title: string;
  /** What the page says of itself before its table. */
  readonly introduction: string;
  readonly markdown: string;
  /** Of all findings. */
  readonly parts: readonly string[];
  readonly findingsOn: (data: PaperData) => readonly Finding[];
  readonly logs: readonly LogName[];
  /** Of the page that is kept. By Student's t half of an interval over three seeds is 2.5 of their deviations, over five 1.2. */
  readonly seeds: readonly number[];
  /** `validation` where defaults are chosen by the page: the test part says how good a choice was, once. */
  readonly asks: AskedPart;
  /** Whether any finding looks at the times of watches. */
  readonly withWatchTimes: boolean;
}

type LogName = 'small' | 'kuairand' | 'movietweetings';

interface PageOptions {
  readonly kuairand?: string;
  readonly movietweetings?: string;
  readonly only: readonly string[];
  readonly on: readonly string[];
  readonly seeds: readonly number[];
  readonly minutes?: number;
  readonly workers: number;
  readonly threads: number;
  readonly work: string;
  readonly markdown?: string;
  readonly html?: string;
  readonly json?: string;
}

/** Where it goes when nobody says: what the project keeps is not replaced by a part of it. */
export function defaultMarkdown(
  page: Page,
  { finished, logs }: PaperReport,
  { only, seeds, work }: PageAsked,
  commit: string,
): string {
  const isWhole =
    finished &&
    isCommitted([commit, ...logs.flatMap(({ findings }) => findings.flatMap(({ commits }) => commits))]) &&
    logs.length === page.logs.length &&
    page.parts.every((part) => only.includes(part)) &&
    seeds.join() === page.seeds.join();
  return isWhole ? page.markdown : join(work, basename(page.markdown));
}

/** What code in no commit gave nobody can give again. */
const isCommitted = (commits: readonly string[]) => !commits.some((commit) => commit.endsWith('+changes'));

type PageAsked = Pick<PageOptions, 'only' | 'seeds' | 'work'>;

function minutes(text: string): number {
  const value = Number(text);
  // An empty one, as of a variable of the shell that is not set, would be 0.
  if (text.trim() === '' || !(value >= 0)) throw new InvalidArgumentError('a number of minutes from 0');
  return value;
}

const list = (text: string) => text.split(',').map((name) => name.trim());

export function addPageCommand(program: Command, page: Page): void {
  const { parts, logs } = page;
  const command = program.command(page.name).description(page.description);
  if (logs.includes('kuairand')) command.option('--kuairand <path>', 'folder of KuaiRand-Pure; without it, not on it');
  if (logs.includes('movietweetings'))
    command.option('--movietweetings <path>', 'folder of MovieTweetings; without it, not on it');
  command
    .option('--only <parts>', `of ${parts.join(', ')}`, list, parts)
    .option('--on <logs>', `of ${logs.join(', ')}`, list, [...logs])
    .option('--seeds <list>', 'each training once with each', counts, page.seeds)
    .option(
      '--minutes <n>',
      'stop after so long; the same command goes on from there; 0 only writes what is there',
      minutes,
    )
    .option('--workers <n>', 'trainings side by side, each in a process of its own', count, availableParallelism())
    .option('--threads <n>', 'that each of them trains on; any number gives the same', count, 1)
    .option(
      '--work <folder>',
      'where archives and finished trainings are kept',
      madeFolder,
      'node_modules/.cache/watchnext-paper',
    )
    .option(
      '--markdown <file>',
      `what is written, and figures to the folder "figures" beside it; default: ${page.markdown} once all parts on all logs with the default seeds are there, of code ` +
        'that is committed, else a page in --work',
      markdownFile,
    )
    .option('--html <file>', 'also as one page', newFile)
    .option('--json <file>', 'also the figures', newFile)
    .action((options: PageOptions) => runPage(page, options));
}

async function runPage(page: Page, options: PageOptions): Promise<void> {
  const startedAtMs = Date.now();
  requireKnown('--only', options.only, page.parts);
  requireKnown('--on', options.on, page.logs);
  const signal = untilInterrupted('stopped; the same command goes on from here');
  const { work: workFolder } = options;
  const { withWatchTimes, asks: part } = page;
  const logs: PaperData[] = [];
  const files = new Map<PaperData, string>();
  for (const source of sourcesOf(options)) {
    const { data, file } = await openData(source, {
      workFolder,
      withWatchTimes,
      part,
      progress,
      signal,
    });
    logs.push(data);
    files.set(data, file);
  }
  const isPrepared = (data: PaperData) => statSync(files.get(data)!).mtimeMs >= performance.timeOrigin;
  const runners = Array.from({ length: options.workers }, () =>
    runnerApart((data) => files.get(data)!, options.threads),
  );
  signal.addEventListener('abort', () => runners.forEach((runner) => runner.close()));
  let paper: PaperReport;
  try {
    paper = await runPaper(logs, {
      findingsOn: page.findingsOn,
      parts: options.only,
      seeds: options.seeds,
      workFolder: join(options.work, 'trainings'),
      untilMs: options.minutes === undefined ? Infinity : startedAtMs + 60_000 * options.minutes,
      runners,
      prepared: logs.filter(isPrepared).map(({ name }) => name),
      onPlan: (text) => console.error(text),
      signal,
      progress,
    });
  } finally {
    runners.forEach((runner) => runner.close());
  }
  const report = evaluationReport({ paper });
  const document = pageDocument(page, paper, report);
  for (const { name, findings } of paper.logs)
    for (const { part, orderings, seeds } of findings)
      console.log(`${name}, ${part}: ${orderings[0].verdict} (${seeds.length} of ${options.seeds.length} seeds)`);
  const { markdown = defaultMarkdown(page, paper, options, report.commit) } = options;
  writeMarkdown(document, markdown);
  if (options.html !== undefined) writeFileSync(options.html, renderHtmlDocument(document));
  if (options.json !== undefined) writeReport(options.json, report);
  console.log(`written to ${markdown}${paper.finished ? '' : '; run the same command again for the rest'}`);
}

/** @throws UsageError naming what there is */
function requireKnown(option: string, names: readonly string[], known: readonly string[]): void {
  for (const name of names)
    if (!known.includes(name)) throw new UsageError(`${option} ${name}: there are ${known.join(', ')}`);
}

function sourcesOf({ on, work, ...paths }: PageOptions): ArchiveSource[] {
  const sources = [
    ...(on.includes('small') ? [smallWorld(work)] : []),
    ...(on.includes('kuairand') && paths.kuairand !== undefined ? [kuairand(paths.kuairand, work)] : []),
    ...(on.includes('movietweetings') && paths.movietweetings !== undefined
      ? [movietweetings(paths.movietweetings, work)]
      : []),
  ];
  const [first] = on;
  if (sources.length === 0) throw new UsageError(`--on ${first} needs --${first}, the folder where it lies`);
  return sources;
}

function pageDocument(
  page: Page,
  paper: PaperReport,
  { machine, commit, measuredAt }: EvaluationReport,
): ReportDocument {
  const all = paper.logs.flatMap(({ findings }) => findings);
  const trainedBy = [...new Set(all.flatMap(({ commits }) => commits))].sort();
  const text = (content: string): DocumentPart => ({ kind: 'text', text: content });
  return {
    title: paper.finished ? page.title : `${page.title} (some trainings are missing)`,
    parts: [
      text(page.introduction),
      text(
        'A difference has a 95% interval by bootstrap paired on users, one by Student over seeds, and one of both together, which is as wide as users and seeds ' +
          'make it. An ordering **holds** where the last lies above zero, does not hold where it lies below, and cannot be told otherwise, nor of one seed. ' +
          'The gain is how much better the form is that should be.',
      ),
      summaryTable(paper),
      ...paper.logs.map(({ name, description }) => text(`**${name}**: ${description}.`)),
      text(
        `Trainings of commit ${trainedBy.join(', ')}, put together by ${commit}, ${measuredAt.slice(0, 10)}; ${machine.cores} cores of ${machine.cpu}, Node ${machine.node.slice(1)}.`,
      ),
      text(costText(paper)),
      ...findingParts(paper),
    ],
  };
}

/** Whether it kept to the hour on two cores: in processor time, which does not hang on what else the machine did. */
const HOUR_ON_TWO_CORES_MINUTES = 120;

function costText({ cost, finished }: PaperReport): string {
  const minutes = (seconds: number) => (seconds / 60).toFixed(seconds < 600 ? 1 : 0);
  const { trainings, trainingProcessorSeconds, sittings, clockSeconds, processorSeconds } = cost;
  return (
    `${trainings} trainings${finished ? '' : ', not all of them done yet'}: ${minutes(processorSeconds)} minutes of processor time in all processes and threads, ` +
    `from raw data to the last training (an hour on two cores has ${HOUR_ON_TWO_CORES_MINUTES}), of them ${minutes(trainingProcessorSeconds)} to train and ask; ` +
    `${minutes(clockSeconds)} minutes by the clock${sittings > 1 ? ` in ${sittings} runs` : ''}, beside whatever else the machine did.`
  );
}
