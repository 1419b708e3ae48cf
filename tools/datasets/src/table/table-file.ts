/** Rows of a CSV, JSON lines or Parquet file, all cells as text: '' where there is nothing, JSON for a list. */
import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { sqlReadPath } from '@watchnext/event-archive';
import { DatasetError } from '../dataset-error';
import type { LoadOptions } from '../importer';
import { BadCell } from '../read/cells';
import { requireColumns, splitCsvLine } from '../read/csv';
import { eachCsvRow, eachLine, RowCounter } from '../read/each-row';
import { readLines, type TextEncoding } from '../read/text-lines';

export interface TableFile {
  readonly path: string;
  readonly encoding?: TextEncoding;
  /** Default: the one of `DELIMITERS` that makes the most columns of the header. */
  readonly delimiter?: string;
}

/** A spreadsheet writes semicolons where the decimal mark is a comma. */
const DELIMITERS = [',', ';', '\t', '|'];

const FORMATS: Readonly<Record<string, 'csv' | 'jsonl' | 'parquet'>> = {
  '.csv': 'csv',
  '.tsv': 'csv',
  '.txt': 'csv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.json': 'jsonl',
  '.parquet': 'parquet',
  '.pq': 'parquet',
};

/** @throws DatasetError for a name that tells of no table */
function formatOf(path: string): 'csv' | 'jsonl' | 'parquet' {
  const format = FORMATS[extname(path).toLowerCase()];
  const packed = remedyForPacked(path);
  if (packed !== undefined) throw new DatasetError(packed);
  if (format === undefined)
    throw new DatasetError(`${basename(path)} is none of the tables known by name: ${Object.keys(FORMATS).join(', ')}`);
  return format;
}

export const isTable = (path: string) => extname(path).toLowerCase() in FORMATS;

/** Undefined for what is not compressed, by its name. */
export function remedyForPacked(path: string): string | undefined {
  const isPacked = /\.(gz|zip|bz2|xz|zst)$/i.test(path);
  return isPacked ? `${basename(path)} is compressed: unpack it first` : undefined;
}

/** The first line that is not empty. @throws DatasetError for a file that cannot be read or holds nothing */
async function headerOf({ path, encoding }: TableFile): Promise<{ readonly text: string; readonly line: number }> {
  for await (const { firstLine, lines } of readLines(path, encoding)) {
    const index = lines.findIndex((text) => text !== '');
    if (index >= 0) return { text: lines[index], line: firstLine + index };
  }
  throw new DatasetError(`${basename(path)} holds no rows`);
}

function delimiterOf({ path, delimiter }: TableFile, header: string): string {
  if (delimiter !== undefined) return delimiter;
  const columnCount = (one: string) => {
    const cells = splitCsvLine(header, one);
    return typeof cells === 'string' ? 0 : cells.length;
  };
  // As the name says, unless another one makes more columns.
  const ofName = extname(path).toLowerCase() === '.csv' ? ',' : '\t';
  return DELIMITERS.reduce((best, one) => (columnCount(one) > columnCount(best) ? one : best), ofName);
}

/**
 * Names of the columns; of JSON lines, the keys of the first line.
 *
 * @throws DatasetError for a file that cannot be read, holds nothing, or whose first line is no JSON object
 */
export async function columnsOfFile(file: TableFile, connection: DuckDBConnection): Promise<string[]> {
  if (formatOf(file.path) === 'parquet') return (await parquetTypes(file.path, connection)).map(({ name }) => name);
  const { text, line } = await headerOf(file);
  if (formatOf(file.path) !== 'csv') return [...flattened(firstObject(text, file.path, line))];
  const names = splitCsvLine(text, delimiterOf(file, text));
  return typeof names === 'string' ? [] : names;
}

/**
 * @param columns in the order in which `take` gets their cells
 * @param isExact false lets whole numbers of JSON pass that were rounded: of a sample, few columns will be used
 * @throws DatasetError for a file that cannot be read or lacks a column
 */
export async function eachTableRow(
  file: TableFile,
  columns: readonly string[],
  connection: DuckDBConnection,
  options: LoadOptions,
  take: (cells: readonly string[], line: number) => void,
  isExact = true,
): Promise<void> {
  const { path, encoding } = file;
  switch (formatOf(path)) {
    case 'csv': {
      const delimiter = delimiterOf(file, (await headerOf(file)).text);
      return eachCsvRow(path, columns, options, take, { encoding, delimiter });
    }
    case 'jsonl':
      return eachLine(
        path,
        options,
        (text, line) => take(cellsOf(parseObject(text), columns, isExact), line),
        encoding,
      );
    case 'parquet':
      return eachParquetRow(path, columns, connection, options, take, isExact);
  }
}

function firstObject(text: string, path: string, line: number): Record<string, unknown> {
  try {
    return parseObject(text);
  } catch (error) {
    if (!(error instanceof BadCell)) throw error;
    throw new DatasetError(
      `${basename(path)} is not JSON lines: line ${line} is ${error.message}. ` +
        `Write one object on each line; of an array, jq -c '.[]' ${JSON.stringify(basename(path))} > new.jsonl does`,
      { cause: error },
    );
  }
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BadCell(`no JSON: ${(error as Error).message}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new BadCell('no JSON object: one is wanted on each line');
}

/** A column is a key, or keys within objects as "video.id". */
function cellsOf(row: Record<string, unknown>, columns: readonly string[], isExact: boolean): string[] {
  return columns.map((column) => {
    const value = valueOf(row, column);
    if (isExact && isRounded(value)) throw rounded(column, 'reading JSON', 'in quotes');
    return textOf(value);
  });
}

function valueOf(row: Record<string, unknown>, column: string): unknown {
  if (column in row) return row[column];
  let value: unknown = row;
  for (const key of column.split('.'))
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return value;
}

/** Whether two ids may have become one: 2^53 and 2^53 + 1 are the same number to JSON.parse. */
function isRounded(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isRounded);
  return Number.isInteger(value) && !Number.isSafeInteger(value);
}

const rounded = (column: string, by: string, how: string) =>
  new BadCell(
    `${column} has a whole number beyond ${Number.MAX_SAFE_INTEGER}, which ${by} rounds: write such ids as text, ${how}`,
  );

/** Names of the columns of a row, those within objects too. */
function flattened(row: Record<string, unknown>, prefix = ''): Set<string> {
  const names = new Set<string>();
  for (const [key, value] of Object.entries(row)) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      for (const name of flattened(value as Record<string, unknown>, `${prefix}${key}.`)) names.add(name);
    else names.add(`${prefix}${key}`);
  }
  return names;
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean);
}

async function parquetTypes(
  path: string,
  connection: DuckDBConnection,
): Promise<{ readonly name: string; readonly type: string }[]> {
  const described = await attempt(path, () =>
    connection.runAndReadAll(`describe select * from read_parquet(${sqlReadPath(path)})`),
  );
  return described.getRows().map(([name, type]) => ({ name: name as string, type: type as string }));
}

async function eachParquetRow(
  path: string,
  columns: readonly string[],
  connection: DuckDBConnection,
  options: LoadOptions,
  take: (cells: readonly string[], line: number) => void,
  isExact: boolean,
): Promise<void> {
  const types = await parquetTypes(path, connection);
  requireColumns(
    basename(path),
    types.map(({ name }) => name),
    columns,
  );
  const typeOf = (column: string) => types.find(({ name }) => name === column)!.type;
  const texts = columns.map((column) => asText(column, typeOf(column)));
  const floats = isExact ? columns.flatMap((column, n) => (isFloat(typeOf(column)) ? [n] : [])) : [];
  const rows = new RowCounter(path, options);
  const { size } = await stat(path);
  await attempt(path, async () => {
    const counted = await connection.runAndReadAll(`select count(*)::double from read_parquet(${sqlReadPath(path)})`);
    const rowCount = counted.getRows()[0]?.[0] as number;
    const result = await connection.stream(
      `select (file_row_number + 1)::double, ${texts.join(', ')} from read_parquet(${sqlReadPath(path)}, file_row_number = true)`,
    );
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) break;
      const vectors = Array.from({ length: chunk.columnCount }, (_, n) => chunk.getColumnVector(n));
      rows.noteBytes((size * (vectors[0].getItem(chunk.rowCount - 1) as number)) / rowCount);
      for (let row = 0; row < chunk.rowCount; row++) {
        const [line, ...cells] = vectors.map((vector) => vector.getItem(row)) as [number, ...string[]];
        rows.take(line, () => {
          for (const n of floats)
            if (isRounded(Number(cells[n]))) throw rounded(columns[n], 'a float', 'as whole numbers');
          take(cells, line);
        });
      }
    }
  });
  rows.finish();
}

/** The last whole number that no other is rounded to: 2^24 may have been 2^24 + 1. */
const MAX_SAFE_FLOAT_INTEGER = 2 ** 24 - 1;

const quoted = (column: string) => `"${column.replaceAll('"', '""')}"`;
const isFloat = (type: string) => type === 'DOUBLE' || type === 'FLOAT';

/** Times as milliseconds since 1970; whole numbers without a fraction, as ids that went through a float or a decimal have one. */
function asText(column: string, type: string): string {
  const name = quoted(column);
  let text = `${name}::varchar`;
  if (type === 'DATE' || type.startsWith('TIMESTAMP'))
    text = `epoch_ms(${name}${type === 'DATE' ? '::timestamp' : ''})::varchar`;
  else if (isFloat(type))
    text = `case when not isfinite(${name}) then ''
      when ${name} = trunc(${name}) and abs(${name}) <= ${Number.MAX_SAFE_INTEGER} then ${name}::bigint::varchar else ${name}::varchar end`;
  else if (type.startsWith('DECIMAL') && !type.endsWith(']')) text = `regexp_replace(${name}::varchar, '[.]0+$', '')`;
  else if (type.endsWith(']')) text = `to_json(${name})::varchar`;
  return `coalesce(${text}, '')`;
}

/**
 * Looks through the columns of ids before any row is read: 32-bit floats hold no other whole numbers than even ones from 2^24 on, and
 * two ids that became one cannot be told from one.
 *
 * @throws DatasetError for a column of such ids
 */
export async function requireDistinctIds(
  { path }: TableFile,
  columns: readonly string[],
  connection: DuckDBConnection,
): Promise<void> {
  if (formatOf(path) !== 'parquet') return;
  const types = await parquetTypes(path, connection);
  for (const { name } of types.filter(({ name, type }) => type === 'FLOAT' && columns.includes(name))) {
    const column = quoted(name);
    const found = await attempt(path, () =>
      connection.runAndReadAll(
        `select max(abs(${column}))::double from read_parquet(${sqlReadPath(path)}) where isfinite(${column})`,
      ),
    );
    if (((found.getRows()[0]?.[0] ?? 0) as number) > MAX_SAFE_FLOAT_INTEGER)
      throw new DatasetError(
        `${name} of ${basename(path)} is a column of 32-bit floats with ids beyond ${MAX_SAFE_FLOAT_INTEGER}, where several ids became one: ` +
          'write the file again from its source with that column as whole numbers or text',
      );
  }
}

/** Whether a Parquet column holds times as such, which come out as milliseconds whatever their unit. */
export async function timeColumnsOf(file: TableFile, connection: DuckDBConnection): Promise<ReadonlySet<string>> {
  if (formatOf(file.path) !== 'parquet') return new Set();
  const types = await parquetTypes(file.path, connection);
  return new Set(types.filter(({ type }) => type === 'DATE' || type.startsWith('TIMESTAMP')).map(({ name }) => name));
}

async function attempt<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const { message, name } = error as Error;
    // DuckDB's errors; others are not of the file.
    if (error instanceof DatasetError || name === 'AbortError' || !/error|no files|parquet/i.test(message)) throw error;
    throw new DatasetError(`${basename(path)} cannot be read as Parquet, is it whole? ${message.split('\n')[0]}`, {
      cause: error,
    });
  }
}
