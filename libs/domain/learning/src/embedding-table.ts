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
  const rowCount = values.length / dimensions;
  const table = allocateTable(rowCount, dimensions);
  table.values.set(values);
  if (table.values.subarray(0, dimensions).some((value) => value !== 0))
    throw new Error('row 0 of an embedding table must be zero');
  return table;
}

function allocateTable(rowCount: number, dimensions: number): EmbeddingTable {
  if (!Number.isInteger(rowCount) || rowCount < 1 || !Number.isInteger(dimensions) || dimensions < 1) {
    throw new RangeError(`a table needs at least one row and one dimension, not ${rowCount} × ${dimensions}`);
  }
  const bytes = rowCount * dimensions * Float32Array.BYTES_PER_ELEMENT;
  return { rowCount, dimensions, values: new Float32Array(new SharedArrayBuffer(bytes)) };
}
