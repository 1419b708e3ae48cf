#!/usr/bin/env node
/** npm run validate -- archive|FORMAT PATH */
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  allowClosedOutput,
  endOnUsage,
  EXIT_USAGE,
  namedPath,
  newFile,
  refuseUnheeded,
  SIGNAL_EXIT_CODES_HELP,
  startTask,
  stopOnSignals,
} from '@watchnext/command-line';
import { Command } from 'commander';
import { endAfter } from '@watchnext/config';
import { openParquetArchive } from '@watchnext/event-archive';
import { makeOwnFolder } from '@watchnext/folder-lock';
import { requireArchiveFolder } from '../archive-folder';
import { DatasetError } from '../dataset-error';
import { importToArchive } from '../import-to-archive';
import { IMPORTERS } from '../importers';
import { askOnTerminal, mappingFileFor, QuestionLeftError } from '../table/wizard';
import { count } from '../read/words';
import { type Finding, judge, worst } from './finding';
import { formatFindings } from './format';
import { validateArchive } from './validate-archive';

/** As --help tells them. */
const EXIT_CODES = { failed: 1, usage: EXIT_USAGE, dataset: 3, failures: 4 } as const;

interface Options {
  readonly mapping?: string;
  readonly yes: boolean;
  readonly strict: boolean;
  readonly json?: string;
}

allowClosedOutput();

const program: Command = new Command('npm run validate --')
  .description('Looks at a log before training: what is wrong with it, and what to do about that.')
  .argument('<what>', `archive, or what the files are: ${[...IMPORTERS.keys()].join(', ')}`)
  .argument('<path>', "the archive's folder (of a running system: .watchnext/archive), or the log", namedPath)
  .option('--mapping <file>', 'for a table: which column is what; without it, a mapping is proposed')
  .option('--yes', 'take the proposed mapping without asking', false)
  .option('--strict', 'let a warning count as a failure', false)
  .option('--json <file>', 'also write the findings to this file, as JSON', newFile)
  .addHelpText(
    'after',
    `
Exit codes: 0 nothing that would spoil training; 1 something failed; 2 a command line that cannot be used; 3 the log
cannot be read; 4 at least one failure (with --strict: or warning); ${SIGNAL_EXIT_CODES_HELP}.`,
  )
  .exitOverride(endOnUsage)
  .parse();

async function run(what: string, path: string, options: Options, signal: AbortSignal): Promise<number> {
  if (what !== 'archive' && !IMPORTERS.has(what))
    program.error(`error: ${what} is neither archive nor one of ${[...IMPORTERS.keys()].join(', ')}`);
  refuseUnheeded(program, ['mapping', 'yes'], what === 'table', 'a table');
  const findings =
    what === 'archive' ? await validateFolder(path, signal) : await validateLog(what, path, options, signal);
  process.stdout.write(`${formatFindings(findings)}\n`);
  const verdict = worst(...findings.map((finding) => finding.verdict));
  if (options.json !== undefined)
    await writeFile(options.json, `${JSON.stringify({ what, path, verdict, findings }, null, 2)}\n`);
  return verdict === 'failure' || (options.strict && verdict === 'warning') ? EXIT_CODES.failures : 0;
}

async function validateFolder(folder: string, signal: AbortSignal): Promise<Finding[]> {
  await requireArchiveFolder(folder);
  const archive = openParquetArchive(folder);
  const task = startTask('Validating', 'records');
  try {
    const findings = await validateArchive(archive, { signal, onProgress: (done, total) => task.update(done, total) });
    task.finish();
    return findings;
  } catch (error) {
    task.abandon();
    throw error;
  } finally {
    await archive.close();
  }
}

/** As it would be imported, but for drawn lists, which would be judged as if they had been shown. */
async function validateLog(format: string, path: string, options: Options, signal: AbortSignal): Promise<Finding[]> {
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  const mappingFile =
    format === 'table'
      ? (options.mapping ?? (await mappingFileFor(path, { yes: options.yes, say, ask: askOnTerminal() })))
      : undefined;
  const folder = await makeOwnFolder(tmpdir(), 'watchnext-validate', { isShared: true });
  const task = startTask('Reading', 'rows');
  let rows = 0;
  try {
    const archive = join(folder, 'archive');
    const { badRows, summary } = await importToArchive(format, path, {
      archive,
      mappingFile,
      signal,
      drawLists: false,
      mostBadRows: 1,
      onReading: (file, count, total) => task.update((rows = count), total, file),
    });
    task.finish();
    for (const note of summary.notes) say(note);
    const bad: Finding = {
      check: 'rows',
      verdict: judge(badRows.total / Math.max(1, rows), 0, 0.05),
      found: `${count(badRows.total)} of ${count(rows)} rows cannot be used`,
      advice: badRows.total === 0 ? '' : badRows.describe(),
      numbers: { rows, badRows: badRows.total },
    };
    return [bad, ...(await validateFolder(archive, signal))];
  } catch (error) {
    task.abandon();
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const stopping = stopOnSignals();
const [what, path] = program.processedArgs as [string, string];
const exitCode = (error: Error) => (error instanceof DatasetError ? EXIT_CODES.dataset : EXIT_CODES.failed);
const work = run(what, path, program.opts(), stopping.signal).catch((error: unknown) => {
  if (stopping.signal.aborted || error instanceof QuestionLeftError) return stopping.exitCode;
  throw error;
});
void endAfter(work, { exitCode });
