/** The rows of a table, by their columns. */
import { basename } from 'node:path';
import type { LoadOptions } from '../importer';
import { isNothing } from '../read/cells';
import { OddCells } from '../read/odd-cells';
import type { Staging } from '../staging/staging';
import { columnsOf } from './mapping';
import { eachTableRow, requireDistinctIds, type TableFile, timeColumnsOf } from './table-file';

/** One row. */
export interface Row {
  readonly line: number;
  /** The cell of a column that is mapped; '' for one that is not, or that says so. */
  readonly cell: (column: string | undefined) => string;
  /** As it stands. */
  readonly raw: (column: string) => string;
  /** What a cell tells that the row can do without. */
  readonly optional: <Value>(
    column: string | undefined,
    otherwise: Value,
    read: (cell: string, column: string) => Value,
  ) => Value;
  /** Columns that hold times as such. */
  readonly times: ReadonlySet<string>;
}

/**
 * @param part of the mapping: the columns that are read
 * @throws where two columns of ids are one; what `take` throws
 */
export async function eachRow(
  table: TableFile,
  part: Readonly<Record<string, unknown>>,
  staging: Staging,
  options: LoadOptions,
  take: (row: Row) => void,
): Promise<void> {
  const columns = columnsOf(part);
  await requireDistinctIds(table, idColumnsOf(part), staging.connection);
  const times = await timeColumnsOf(table, staging.connection);
  const places = new Map(columns.map((column, index) => [column, index]));
  const odd = new OddCells(basename(table.path));
  let cells: readonly string[] = [];
  let line = 0;
  const raw = (column: string) => cells[places.get(column) as number];
  const cell: Row['cell'] = (column) => (column === undefined || isNothing(raw(column)) ? '' : raw(column));
  const optional: Row['optional'] = (column, otherwise, read) =>
    odd.take(column, line, otherwise, () => read(cell(column), column as string));
  await eachTableRow(table, columns, staging.connection, options, (found, foundLine) => {
    [cells, line] = [found, foundLine];
    take({ line, cell, raw, optional, times });
  });
  odd.noteIn(staging);
}

const idColumnsOf = ({ userId, videoId, channelId, requestId }: Readonly<Record<string, unknown>>) =>
  [userId, videoId, channelId, requestId].filter((column) => typeof column === 'string');
