/** The first rows of a table, for a proposal of its mapping. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { type BadRow, BadRows } from '../read/bad-rows';
import { columnsOfFile, eachTableRow, type TableFile, timeColumnsOf } from './table-file';

export interface Sample {
  readonly columns: readonly string[];
  /** Cells in the order of the columns. */
  readonly rows: readonly (readonly string[])[];
  /** Columns that hold times as such. */
  readonly times: ReadonlySet<string>;
  /** The first of those that could not be read. */
  readonly badRows: readonly BadRow[];
}

class EnoughRows extends Error {}

export async function sampleOf(file: TableFile, connection: DuckDBConnection, rowCount: number): Promise<Sample> {
  const columns = await columnsOfFile(file, connection);
  const rows: (readonly string[])[] = [];
  const badRows = new BadRows();
  const options = {
    badRows,
    onReading: () => undefined,
    signal: new AbortController().signal,
    nowMs: Date.now(),
    mappingFile: undefined,
  };
  try {
    const take = (cells: readonly string[]): void => {
      if (rows.length === rowCount) throw new EnoughRows();
      rows.push(cells);
    };
    await eachTableRow(file, columns, connection, options, take, false);
  } catch (error) {
    if (!(error instanceof EnoughRows)) throw error;
  }
  return { columns, rows, times: await timeColumnsOf(file, connection), badRows: badRows.first };
}
