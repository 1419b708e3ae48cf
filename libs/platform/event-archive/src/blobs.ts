/**
 * Takes the blobs of a chunk out of DuckDB's memory.
 *
 * One call into native code for each blob costs as much as reading and sorting the rows. DuckDB mostly lays the blobs of
 * neighbouring rows one right after the other, and then one call takes many: only where each begins exactly where the one
 * before it ends, so nothing but blobs is ever read, however they lie.
 */
import type { DuckDBDataChunk } from '@duckdb/node-api';
import {
  data_chunk_get_vector,
  get_data_from_pointer,
  vector_get_data,
  vector_get_validity,
} from '@duckdb/node-bindings';

/** An entry is DuckDB's string_t: the length, then up to 12 bytes themselves, or four of them and a pointer to all. */
const ENTRY_BYTES = 16;
const INLINE_BYTES = 12;
const INLINE_AT = 4;
const POINTER_AT = 8;
/** Addresses from here on are no exact doubles. */
const INEXACT_ADDRESS = 2 ** 53;

/** Blobs that are taken at once, since one that is kept keeps them all in memory. */
const RUN_BYTES = 65_536;

/** Is given a blob as bytes [from, to) of a buffer, which neighbours share. */
export type TakeBlob = (row: number, buffer: Uint8Array, from: number, to: number) => void;

/**
 * Gives `take` the blobs of a column, row by row, those of neighbours on one buffer of up to 64 KiB.
 * @throws Error where a row has none
 */
export function eachBlob(chunk: DuckDBDataChunk, column: number, take: TakeBlob): void {
  const { rowCount } = chunk;
  const vector = data_chunk_get_vector(chunk.chunk, column);
  requireAll(vector_get_validity(vector, 8 * Math.ceil(rowCount / 64)), rowCount);
  const entries = vector_get_data(vector, ENTRY_BYTES * rowCount);
  const view = new DataView(entries.buffer, entries.byteOffset, entries.byteLength);
  for (let row = 0; row < rowCount;) {
    const length = view.getUint32(ENTRY_BYTES * row, true);
    if (length <= INLINE_BYTES) {
      // Copied: the entries of a whole chunk would stay in memory for it.
      const from = ENTRY_BYTES * row + INLINE_AT;
      take(row++, entries.slice(from, from + length), 0, length);
      continue;
    }
    const { end, byteCount } = runFrom(view, row, rowCount);
    const pointerAt = entries.byteOffset + ENTRY_BYTES * row + POINTER_AT;
    const run = get_data_from_pointer(entries.buffer as ArrayBuffer, pointerAt, byteCount);
    for (let at = 0; row < end; row++) {
      const next = at + view.getUint32(ENTRY_BYTES * row, true);
      take(row, run, at, next);
      at = next;
    }
  }
}

/** The rows from `row` on, none of them inline, whose blobs lie one right after the other. */
function runFrom(view: DataView, row: number, rowCount: number): { readonly end: number; readonly byteCount: number } {
  const begin = addressOf(view, row);
  let byteCount = view.getUint32(ENTRY_BYTES * row, true);
  let end = row + 1;
  for (; end < rowCount && begin + byteCount < INEXACT_ADDRESS; end++) {
    const length = view.getUint32(ENTRY_BYTES * end, true);
    if (length <= INLINE_BYTES || byteCount + length > RUN_BYTES || addressOf(view, end) !== begin + byteCount) break;
    byteCount += length;
  }
  return { end, byteCount };
}

function addressOf(view: DataView, row: number): number {
  const at = ENTRY_BYTES * row + POINTER_AT;
  return view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
}

/** @param validity a bit for each row; none where every row has a blob. The entry of a row without one points nowhere. */
function requireAll(validity: Uint8Array | null, rowCount: number): void {
  if (validity === null) return;
  for (let row = 0; row < rowCount; row++) {
    if (((validity[row >> 3] >> (row & 7)) & 1) === 0) throw new Error('a record has no value');
  }
}
