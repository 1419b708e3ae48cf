import { basename } from 'node:path';
import type { LoadOptions } from '../importer';
import { BadCell } from './cells';
import { readCsv, type CsvOptions } from './csv';
import { readLines, type TextEncoding } from './text-lines';

const REPORT_EVERY_ROWS = 20_000;

type Take<Row> = (row: Row, line: number) => void;

/** Reads a file with a header row by row; a `BadCell` thrown for a row puts it among the bad ones. */
export async function eachCsvRow(
  path: string,
  columns: Parameters<typeof readCsv>[1],
  options: LoadOptions,
  take: Take<readonly string[]>,
  csvOptions: CsvOptions = {},
): Promise<void> {
  const rows = new RowCounter(path, options);
  const onBadRow = (line: number, reason: string) => rows.leaveOut(line, reason);
  for await (const batch of readCsv(path, columns, onBadRow, { ...csvOptions, onBytes: rows.noteBytes }))
    for (const { line, cells } of batch) rows.take(line, () => take(cells, line));
  rows.finish();
}

/** Reads a file without a header line by line, empty lines left out. */
export async function eachLine(
  path: string,
  options: LoadOptions,
  take: Take<string>,
  encoding?: TextEncoding,
): Promise<void> {
  const rows = new RowCounter(path, options);
  for await (const { firstLine, lines } of readLines(path, encoding, rows.noteBytes))
    for (const [index, text] of lines.entries())
      if (text !== '') rows.take(firstLine + index, () => take(text, firstLine + index));
  rows.finish();
}

/** Counts the rows of a file, the bad ones among them, and tells how far it is. */
export class RowCounter {
  private readonly file: string;
  private count = 0;
  private bytes = 0;

  constructor(
    path: string,
    private readonly options: LoadOptions,
  ) {
    this.file = basename(path);
  }

  /** How many bytes of the file its rows so far took. */
  readonly noteBytes = (bytes: number): void => {
    this.bytes = bytes;
  };

  take(line: number, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof BadCell)) throw error;
      this.options.badRows.add(this.file, line, error.message);
    }
    this.advance();
  }

  leaveOut(line: number, reason: string): void {
    this.options.badRows.add(this.file, line, reason);
    this.advance();
  }

  finish(): void {
    this.options.onReading(this.file, this.count, this.bytes);
  }

  private advance(): void {
    if (++this.count % REPORT_EVERY_ROWS !== 0) return;
    this.options.signal.throwIfAborted();
    this.options.onReading(this.file, this.count, this.bytes);
  }
}
