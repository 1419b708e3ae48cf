/**
 * A strict reader of delimited text with a header (RFC 4180: quotes, doubled quotes, line breaks within quotes, CRLF or
 * LF). It streams, and it knows the line of every row: the reason not to leave this to DuckDB, whose reject table knows
 * only of rows that it could not split or cast, not of those that make no sense.
 */
import { basename } from 'node:path';
import { DatasetError } from '../dataset-error';
import { readLines, type TextEncoding } from './text-lines';

export interface CsvRow {
  /** Counted from 1, the header included; that of the row's first line. */
  readonly line: number;
  /** The wanted columns, in the order asked for. */
  readonly cells: readonly string[];
}

export interface CsvOptions {
  /** Default: a comma. */
  readonly delimiter?: string;
  readonly encoding?: TextEncoding;
  /** Called with the bytes of the file read so far. */
  readonly onBytes?: (bytes: number) => void;
}

/** A quote that is not closed within so many lines is a mistake in its own line, not the start of a long text. */
const LINES_OF_A_CELL = 50;

/**
 * Yields the wanted columns of the rows, in batches. A quote that another row's opening quote would close, or that makes a row of another
 * width, counts as open: the rows between are no part of a cell.
 *
 * @param columns names, or what chooses them from the header
 * @param onBadRow called for a row with too few or too many cells, or an open quote; it is left out
 * @throws DatasetError when the file cannot be read, is empty or lacks a wanted column
 */
export async function* readCsv(
  path: string,
  columns: readonly string[] | ((header: readonly string[]) => readonly string[]),
  onBadRow: (line: number, reason: string) => void,
  { delimiter = ',', encoding, onBytes }: CsvOptions = {},
): AsyncGenerator<CsvRow[]> {
  let width = 0;
  let wanted: number[] | undefined;
  /** Lines of a row whose quote is still open. */
  let open: string[] = [];
  let rows: CsvRow[] = [];
  const take = (line: number, text: string): void => {
    if (open.length === 0 && text === '') return;
    const cells =
      open.length === 0 ? splitCsvLine(text, delimiter) : splitCsvLine([...open, text].join('\n'), delimiter, true);
    if (typeof cells === 'string') {
      open.push(text);
      if (cells === 'stray-quote' || open.length === LINES_OF_A_CELL) giveUpOpenQuote(line - open.length + 1);
      return;
    }
    if (wanted !== undefined && cells.length !== width) {
      const reason = `${cells.length} ${cells.length === 1 ? 'cell' : 'cells'} where the header has ${width}`;
      if (open.length === 0) return onBadRow(line, reason);
      open.push(text);
      return giveUpOpenQuote(line - open.length + 1, `${reason}, up to line ${line}: is a quote not closed?`);
    }
    const firstLine = line - open.length;
    open = [];
    if (wanted === undefined) {
      wanted = chooseColumns(basename(path), cells, columns);
      width = cells.length;
    } else rows.push({ line: firstLine, cells: wanted.map((index) => cells[index]) });
  };
  /** Only the line with the quote is bad; those after it are read for themselves. */
  const giveUpOpenQuote = (firstLine: number, reason = 'a quote is not closed'): void => {
    onBadRow(firstLine, reason);
    const others = open.slice(1);
    open = [];
    others.forEach((text, index) => take(firstLine + 1 + index, text));
  };
  let last = 0;
  for await (const { firstLine, lines } of readLines(path, encoding, onBytes)) {
    lines.forEach((text, index) => take(firstLine + index, text));
    last = firstLine + lines.length - 1;
    if (rows.length > 0) yield rows;
    rows = [];
  }
  while (open.length > 0) giveUpOpenQuote(last - open.length + 1);
  if (wanted === undefined) throw new DatasetError(`${basename(path)} has no header line`);
  if (rows.length > 0) yield rows;
}

function chooseColumns(
  file: string,
  header: readonly string[],
  columns: readonly string[] | ((header: readonly string[]) => readonly string[]),
): number[] {
  const repeated = header.find((name, index) => header.indexOf(name) !== index);
  if (repeated !== undefined) throw new DatasetError(`${file} has two columns named ${JSON.stringify(repeated)}`);
  const names = typeof columns === 'function' ? columns(header) : columns;
  requireColumns(file, header, names);
  return names.map((name) => header.indexOf(name));
}

/** @throws DatasetError naming those that are missing, and what is there */
export function requireColumns(file: string, there: readonly string[], wanted: readonly string[]): void {
  const missing = wanted.filter((column) => !there.includes(column));
  if (missing.length > 0)
    throw new DatasetError(
      `${file} lacks the ${missing.length === 1 ? 'column' : 'columns'} ${missing.join(', ')}; it has ${there.join(', ')}`,
    );
}

/**
 * What follows a closing quote up to the delimiter belongs to the cell, as spreadsheets read it.
 *
 * @param isStrict of a row over several lines: text after a closing quote says that this one opened another row's cell
 * @returns the cells; `open` for an open quote; `stray-quote`, if strict, for such text
 */
export function splitCsvLine(text: string, delimiter: string, isStrict = false): string[] | 'open' | 'stray-quote' {
  if (!text.includes('"')) return text.split(delimiter);
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] === '"') {
      let cell = '';
      for (;;) {
        const quote = text.indexOf('"', at + 1);
        if (quote === -1) return 'open';
        cell += text.slice(at + 1, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        cell += '"';
      }
      const next = text.indexOf(delimiter, at);
      const end = next === -1 ? text.length : next;
      const rest = text.slice(at, end);
      if (isStrict && rest.trim() !== '') return 'stray-quote';
      cells.push(cell + rest);
      at = end;
    } else {
      const next = text.indexOf(delimiter, at);
      const end = next === -1 ? text.length : next;
      cells.push(text.slice(at, end));
      at = end;
    }
    if (at >= text.length) return cells;
    at += delimiter.length;
  }
}
