/** Finds or proposes the mapping of a table, and asks whether it will do. */
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { DatasetError } from '../dataset-error';
import { quote } from '../read/cells';
import { isThere, logFiles, mappingFileBeside } from './importer';
import { NoProposalError, type Proposal, proposeMapping } from './propose';
import { type Sample, sampleOf } from './sample';

const SAMPLE_ROWS = 1_000;

export interface WizardOptions {
  /** Takes the proposal without asking, unless it is in doubt. */
  readonly yes: boolean;
  readonly say: (text: string) => void;
  /** Asks a person; undefined where there is none. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
}

/**
 * The mapping file of a table: the one that lies beside it, from an earlier time, or the one proposed, which is put there.
 *
 * @throws DatasetError when nothing can be proposed, or nobody took the proposal
 */
export async function mappingFileFor(path: string, { yes, say, ask }: WizardOptions): Promise<string> {
  const [first] = await logFiles(path);
  const file = await mappingFileBeside(path);
  if (await isThere(file)) {
    say(`Mapping: ${file}`);
    return file;
  }
  const { mapping, reasons, unused, warning, doubt } = await propose(first);
  const text = `${JSON.stringify(mapping, null, 2)}\n`;
  const lines = [...reasons, ...(unused.length > 0 ? [`not used: ${unused.join(', ')}`] : [])];
  say(`Proposed from the first rows of ${first}:\n${lines.map((line) => `  ${line}`).join('\n')}\n\n${text}`);
  for (const one of [warning, doubt]) if (one !== undefined) say(`WARNING: ${one}`);
  if (yes && doubt !== undefined)
    throw new DatasetError(
      `nothing was imported, since --yes cannot tell: ${doubt}. Run again without --yes to look at it, or save the mapping above with the right unit and give it as --mapping FILE`,
    );
  if (!yes) {
    const answer = ask === undefined ? 'no' : await ask(`Use it, and keep it as ${file}? [Y/n] `);
    if (!/^(y|yes|)$/i.test(answer.trim()))
      throw new DatasetError(
        'nothing was imported: run again with --yes to take this mapping, or save it, change it and give it as --mapping FILE',
      );
  }
  await writeFile(file, text).catch((error: Error) => {
    throw new DatasetError(
      `${file} cannot be written (${error.message}): save it elsewhere and give it as --mapping FILE`,
    );
  });
  return file;
}

/** Ctrl-C or Ctrl-D at a question, which takes them for itself: no signal comes. */
export class QuestionLeftError extends Error {
  constructor() {
    super('stopped at a question');
    this.name = 'QuestionLeftError';
  }
}

/** On the terminal, if there is one. What it gives rejects with a QuestionLeftError. */
export function askOnTerminal(): WizardOptions['ask'] {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  return async (question) => {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await terminal.question(question);
    } catch (error) {
      throw (error as Error).name === 'AbortError' ? new QuestionLeftError() : error;
    } finally {
      terminal.close();
    }
  };
}

async function propose(file: string): Promise<Proposal> {
  const database = await DuckDBInstance.create(':memory:');
  const connection = await database.connect();
  try {
    const sample = await sampleOf({ path: file }, connection, SAMPLE_ROWS);
    if (sample.rows.length === 0) throw new DatasetError(withoutRows(file, sample));
    try {
      return proposeMapping(sample);
    } catch (error) {
      if (!(error instanceof NoProposalError)) throw error;
      throw new DatasetError(
        `${error.message}. The columns of ${file} are ${sample.columns.join(', ')}. ` +
          'Write a mapping file (docs/bring-your-data.md) and give it as --mapping FILE',
        { cause: error },
      );
    }
  } finally {
    connection.closeSync();
    database.closeSync();
  }
}

function withoutRows(file: string, { columns, badRows: [bad] }: Sample): string {
  if (bad === undefined) return `${file} holds no rows`;
  return (
    `${file} holds no row that can be read: line ${bad.line}: ${bad.reason}. Its first line, ${quote(columns.join(','))}, was taken for the header: ` +
    'if it is none, remove what stands before the names of the columns'
  );
}
