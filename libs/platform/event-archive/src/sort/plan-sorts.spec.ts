import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { selectParts } from '../parquet-reader';
import type { FilePart } from '../read-plan';
import { sqlText } from '../sql';
import { planSorts } from './plan-sorts';

/** DuckDB's smallest. */
const ROW_GROUP_ROWS = 2_048;
const VALUE_BYTES = 100;
/** Of a row group: its values, and what a row takes beside them; pages and sizes of texts come to that. */
const ROW_GROUP_BYTES = 1.1 * ROW_GROUP_ROWS * (VALUE_BYTES + 100);

describe('planSorts', () => {
  let folder: string;
  let connection: DuckDBConnection;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plan-sorts-'));
    connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  });
  afterEach(async () => {
    connection.closeSync();
    await rm(folder, { recursive: true });
  });

  /** A file of rows whose values are random, so that none is kept once for all. */
  async function partOf(name: string, firstOffset: number, rowCount: number, fromOffset?: number): Promise<FilePart> {
    const path = join(folder, name);
    const value = Array.from({ length: VALUE_BYTES / 4 }, (_, i) => `left(md5((range * 100 + ${i})::VARCHAR), 4)`).join(
      ' || ',
    );
    await connection.run(`COPY (SELECT range AS "offset", 1 AS timestamp_ms, 'k' || range % 7 AS key, (${value})::BLOB AS value
      FROM range(${firstOffset}, ${firstOffset + rowCount})) TO ${sqlText(path)} (FORMAT parquet, ROW_GROUP_SIZE ${ROW_GROUP_ROWS})`);
    const file = {
      day: '2026-11-01',
      partition: 0,
      firstOffset,
      lastOffset: firstOffset + rowCount - 1,
      checksum: '',
      path,
    };
    return { file, fromOffset };
  }

  /** First offset, last offset and number of the rows of each sort, in the order in which the plan has them. */
  async function rowsOf(sorts: readonly FilePart[][]): Promise<number[][]> {
    const rows: number[][] = [];
    for (const sort of sorts) {
      const result = await connection.run(
        `SELECT min("offset")::DOUBLE, max("offset")::DOUBLE, count(*)::DOUBLE FROM (${selectParts('"offset"', sort)})`,
      );
      rows.push((await result.getRows())[0] as number[]);
    }
    return rows;
  }

  it('sorts at once what is not too much', async () => {
    const parts = [await partOf('a', 0, 3_000), await partOf('b', 3_000, 2_000)];
    const sorts = await planSorts(connection, parts, 4 * ROW_GROUP_BYTES);
    expect(await rowsOf(sorts)).toEqual([[0, 4_999, 5_000]]);
    expect(sorts[0].map(({ file }) => file)).toEqual(parts.map(({ file }) => file));
  });

  it('cuts between files and between row groups', async () => {
    const parts = [await partOf('a', 0, 3 * ROW_GROUP_ROWS), await partOf('b', 3 * ROW_GROUP_ROWS, 3 * ROW_GROUP_ROWS)];
    const sorts = await planSorts(connection, parts, 2 * ROW_GROUP_BYTES);
    const cuts = [0, 2, 4, 6].map((groups) => groups * ROW_GROUP_ROWS);
    expect(await rowsOf(sorts)).toEqual(cuts.slice(1).map((to, i) => [cuts[i], to - 1, 2 * ROW_GROUP_ROWS]));
  });

  it('cuts a row group that is too large, down to single records', async () => {
    const parts = [await partOf('a', 50, 100)];
    expect(await rowsOf(await planSorts(connection, parts, 8_000))).toEqual([
      [50, 82, 33],
      [83, 115, 33],
      [116, 149, 34],
    ]);
    expect(await rowsOf(await planSorts(connection, parts, 1))).toEqual(
      Array.from({ length: 100 }, (_, i) => [50 + i, 50 + i, 1]),
    );
  });

  it('leaves out what is before a part, and row groups that are all before it', async () => {
    const from = ROW_GROUP_ROWS + 500;
    const parts = [await partOf('a', 0, 4 * ROW_GROUP_ROWS, from)];
    const sorts = await planSorts(connection, parts, 2 * ROW_GROUP_BYTES);
    expect(await rowsOf(sorts)).toEqual([
      [from, 3 * ROW_GROUP_ROWS - 1, 3 * ROW_GROUP_ROWS - from],
      [3 * ROW_GROUP_ROWS, 4 * ROW_GROUP_ROWS - 1, ROW_GROUP_ROWS],
    ]);
  });

  it('has nothing to sort where files hold no records', async () => {
    expect(await planSorts(connection, [await partOf('a', 0, 0)], 1_000)).toEqual([]);
  });

  it('takes file names as they are', async () => {
    const parts = [await partOf('[a]*?', 0, 10)];
    expect(await rowsOf(await planSorts(connection, parts, 1_000_000))).toEqual([[0, 9, 10]]);
  });
});
