/**
 * Rows into a DuckDB table, chunk by chunk: a data chunk of 2,048 rows costs a fraction of appending cell by cell, and
 * a row is complete before any of it is appended.
 */
import { type DuckDBAppender, type DuckDBConnection, DuckDBDataChunk, DOUBLE, VARCHAR } from '@duckdb/node-api';

/** DuckDB's vector size. */
const CHUNK_ROWS = 2_048;
/** Of these, those that are text; all others are doubles, exact up to 2^53. */
export type ColumnKinds = Readonly<Record<string, 'text' | 'number'>>;

export class TableAppender {
  private readonly types;
  private rows: (readonly (string | number)[])[] = [];

  private constructor(
    private readonly appender: DuckDBAppender,
    columns: ColumnKinds,
  ) {
    this.types = Object.values(columns).map((kind) => (kind === 'text' ? VARCHAR : DOUBLE));
  }

  /** Creates the table. */
  static async create(connection: DuckDBConnection, table: string, columns: ColumnKinds): Promise<TableAppender> {
    const definitions = Object.entries(columns).map(
      ([name, kind]) => `${name} ${kind === 'text' ? 'varchar' : 'double'}`,
    );
    await connection.run(`create table ${table} (${definitions.join(', ')})`);
    return new TableAppender(await connection.createAppender(table), columns);
  }

  /** One value for each column, in order. */
  add(row: readonly (string | number)[]): void {
    this.rows.push(row);
    if (this.rows.length === CHUNK_ROWS) this.appendChunk();
  }

  /** What was added is in the table; nothing more can be. */
  close(): void {
    if (this.rows.length > 0) this.appendChunk();
    this.appender.closeSync();
  }

  private appendChunk(): void {
    const { rows } = this;
    const chunk = DuckDBDataChunk.create(this.types, rows.length);
    for (let column = 0; column < this.types.length; column++) {
      const vector = chunk.getColumnVector(column);
      for (let row = 0; row < rows.length; row++) vector.setItem(row, rows[row][column]);
      vector.flush();
    }
    this.appender.appendDataChunk(chunk);
    this.rows = [];
  }
}
