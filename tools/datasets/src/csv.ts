/**
 * A strict reader of CSV with a header (RFC 4180: quotes, doubled quotes, CRLF or LF; no line breaks inside a cell,
 * which none of these data sets has). It streams, and it knows the line of every row: the reason not to leave this
 * to DuckDB, whose reject table knows only of rows that it could not split or cast, not of those that make no sense.
 */
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { DatasetError } from './importer';

export interface CsvRow {
  /** Counted from 1, the header included. */
  readonly line: number;
  /** The wanted columns, in the order asked for. */
  readonly cells: readonly string[];
}

/**
 * Yields the wanted columns of each row.
 *
 * @param onBadRow called for a row with too few or too many cells, or an open quote; it is left out
 * @throws DatasetError when the file cannot be read, is empty or lacks a wanted column
 */
export async function* readCsv(
  path: string,
  columns: readonly string[],
  onBadRow: (line: number, reason: string) => void,
): AsyncGenerator<CsvRow> {
  const stream = createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 18 });
  const lines = createInterface({ input: stream, crlfDelay: Infinity });
  let failure: Error | undefined;
  // readline does not pass the stream's error on; without a listener it would end the process.
  stream.once('error', (error) => {
    failure = error;
    lines.close();
  });
  let line = 0;
  let width = 0;
  let wanted: number[] = [];
  try {
    for await (const text of lines) {
      line++;
      if (line === 1) {
        const header = splitLine(text.replace(/^\uFEFF/, '')) ?? [];
        const missing = columns.filter((column) => !header.includes(column));
        if (missing.length > 0)
          throw new DatasetError(
            `${basename(path)} lacks ${missing.length === 1 ? 'the column' : 'the columns'} ${missing.join(', ')}`,
          );
        width = header.length;
        wanted = columns.map((column) => header.indexOf(column));
        continue;
      }
      if (text === '') continue;
      const cells = splitLine(text);
      if (cells === undefined) onBadRow(line, 'a quote is not closed');
      else if (cells.length !== width) onBadRow(line, `${cells.length} cells where the header has ${width}`);
      else yield { line, cells: wanted.map((index) => cells[index]) };
    }
  } finally {
    lines.close();
    stream.destroy();
  }
  if (failure !== undefined)
    throw new DatasetError(`${basename(path)} cannot be read: ${failure.message}`, { cause: failure });
  if (line === 0) throw new DatasetError(`${basename(path)} is empty`);
}

/** @returns the cells, or undefined for an open quote */
function splitLine(text: string): string[] | undefined {
  if (!text.includes('"')) return text.split(',');
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] === '"') {
      let cell = '';
      for (;;) {
        const quote = text.indexOf('"', at + 1);
        if (quote === -1) return undefined;
        cell += text.slice(at + 1, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        cell += '"';
      }
      if (at < text.length && text[at] !== ',') return undefined;
      cells.push(cell);
    } else {
      const comma = text.indexOf(',', at);
      const end = comma === -1 ? text.length : comma;
      cells.push(text.slice(at, end));
      at = end;
    }
    if (at >= text.length) return cells;
    at++;
  }
}
