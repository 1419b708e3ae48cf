import type { Random } from './random';
import type { EmbeddingTable } from './types';

/** Rows drawn from a normal with standard deviation `scale` (0: all zero), on shared memory; row 0 is zero. */
export function createTable(rowCount: number, dimensions: number, random: Random, scale: number): EmbeddingTable {
  const table = allocateTable(rowCount, dimensions);
  if (scale !== 0) {
    for (let i = dimensions; i < table.values.length; i++) table.values[i] = scale * random.gaussian();
  }
  return table;
}

/** Copies `values` [rowCount, dimensions] into a table. @throws Error on a ragged array or a row 0 that is not zero */
export function tableFromValues(values: ArrayLike<number>, dimensions: number): EmbeddingTable {
  const table = allocateTable(values.length / dimensions, dimensions);
  table.values.set(values);
  checkRowZero(table);
  return table;
}

/**
 * A table over the values themselves where they lie on shared memory, as those of a snapshot that is served do; over a copy of
 * others. Who may write to it is agreed elsewhere.
 * @throws as `tableFromValues`
 */
export function tableOver(values: Float32Array, dimensions: number): EmbeddingTable {
  // By name: what another thread sent may be of another realm's class.
  if (values.buffer[Symbol.toStringTag] !== 'SharedArrayBuffer') return tableFromValues(values, dimensions);
  const rowCount = values.length / dimensions;
  checkSize(rowCount, dimensions);
  checkRowZero({ values, dimensions });
  return { rowCount, dimensions, values };
}

function checkRowZero({ values, dimensions }: Pick<EmbeddingTable, 'values' | 'dimensions'>): void {
  if (values.subarray(0, dimensions).some((value) => value !== 0))
    throw new Error('row 0 of an embedding table must be zero');
}

function checkSize(rowCount: number, dimensions: number): void {
  if (!Number.isInteger(rowCount) || rowCount < 1 || !Number.isInteger(dimensions) || dimensions < 1) {
    throw new RangeError(`a table needs at least one row and one dimension, not ${rowCount} × ${dimensions}`);
  }
}

function allocateTable(rowCount: number, dimensions: number): EmbeddingTable {
  checkSize(rowCount, dimensions);
  const bytes = rowCount * dimensions * Float32Array.BYTES_PER_ELEMENT;
  return { rowCount, dimensions, values: new Float32Array(new SharedArrayBuffer(bytes)) };
}
