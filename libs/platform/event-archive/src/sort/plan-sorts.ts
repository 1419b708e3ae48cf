/**
 * What to sort at once, so that sorting takes the same memory whatever the size of a partition: even on disk a sort of DuckDB's takes memory
 * that grows with what it sorts, and ends with "out of memory" where its limit is less.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { FilePart } from '../read-plan';
import { sqlReadPath } from '../sql';

/** Files of one sort: DuckDB holds the ends of all that it reads at once. */
const FILES_PER_SORT = 256;

/** Records that follow each other in a file. */
interface Slice {
  readonly part: FilePart;
  /** Offsets [from, to) of it; undefined: where the part begins or ends. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly bytes: number;
}

/** Of a row in a sort, beside its value: its key, what DuckDB compares it by, and where its texts lie. */
const ROW_BYTES = 100;

/**
 * Cuts parts, which are local and in offset order, into lists of parts to sort together. Files are cut between their row groups, and a
 * row group that is too large by offsets, evenly.
 *
 * @param limitBytes of records in one sort, before compression, unless a single one is larger
 */
export async function planSorts(
  connection: DuckDBConnection,
  parts: readonly FilePart[],
  limitBytes: number,
): Promise<FilePart[][]> {
  const rowGroups = await readRowGroups(connection, parts);
  const slices = parts
    .flatMap((part) => slicesOf(part, rowGroups.get(part.file.path) ?? []))
    .flatMap((slice) => cutEvenly(slice, limitBytes));
  const sorts: FilePart[][] = [];
  let [bytes, files] = [0, 0];
  let last: Slice | undefined;
  for (const slice of slices) {
    const isNewFile = slice.part !== last?.part;
    if (last === undefined || bytes + slice.bytes > limitBytes || (isNewFile && files === FILES_PER_SORT)) {
      sorts.push([]);
      [bytes, files] = [0, 0];
    }
    const sort = sorts.at(-1)!;
    if (isNewFile || sort.length === 0) {
      files += 1;
      sort.push(narrowed(slice.part, slice.from, slice.to));
    } else {
      sort.push(narrowed(sort.pop()!, undefined, slice.to));
    }
    bytes += slice.bytes;
    last = slice;
  }
  return sorts;
}

function narrowed(part: FilePart, from: number | undefined, to: number | undefined): FilePart {
  return { file: part.file, fromOffset: from ?? part.fromOffset, endOffset: to };
}

/** One for each row group that the part has records of. */
function slicesOf(part: FilePart, rowGroups: readonly RowGroup[]): Slice[] {
  const slices: { part: FilePart; from: number | undefined; to: number | undefined; bytes: number }[] = [];
  for (const { firstOffset, bytes } of rowGroups) {
    if (firstOffset !== undefined && firstOffset <= (part.fromOffset ?? -1)) slices.length = 0;
    const last = slices.at(-1);
    if (last && firstOffset === undefined) {
      last.bytes += bytes;
      continue;
    }
    if (last) last.to = firstOffset;
    slices.push({ part, from: last && firstOffset, to: undefined, bytes });
  }
  return slices;
}

function cutEvenly(slice: Slice, limitBytes: number): Slice[] {
  const { file, fromOffset = file.firstOffset } = slice.part;
  const { from = fromOffset, to = file.lastOffset + 1 } = slice;
  const count = Math.min(Math.ceil(slice.bytes / limitBytes), to - from);
  if (count <= 1) return [slice];
  const cuts = Array.from({ length: count - 1 }, (_, i) => from + Math.floor(((i + 1) * (to - from)) / count));
  return [slice.from, ...cuts].map((start, i) => ({
    part: slice.part,
    from: start,
    to: i < cuts.length ? cuts[i] : slice.to,
    bytes: slice.bytes / count,
  }));
}

interface RowGroup {
  /** Undefined where the file does not say. */
  readonly firstOffset: number | undefined;
  readonly bytes: number;
}

/** By path, in the order of the file. */
async function readRowGroups(
  connection: DuckDBConnection,
  parts: readonly FilePart[],
): Promise<Map<string, RowGroup[]>> {
  const paths = parts.map(({ file }) => sqlReadPath(file.path)).join(', ');
  const byPath = new Map<string, RowGroup[]>();
  const result = await connection.run(`
    SELECT file_name, min(stats_min_value) FILTER (path_in_schema = 'offset'),
      coalesce(sum(total_uncompressed_size) FILTER (path_in_schema = 'value'), 0)::DOUBLE
        + ${ROW_BYTES} * max(row_group_num_rows)::DOUBLE
    FROM parquet_metadata([${paths}]) GROUP BY file_name, row_group_id ORDER BY file_name, row_group_id`);
  for (const [path, first, bytes] of (await result.getRows()) as [string, string | null, number][]) {
    const rowGroup = { firstOffset: first === null ? undefined : Number(first), bytes };
    const ofFile = byPath.get(path);
    if (ofFile) ofFile.push(rowGroup);
    else byPath.set(path, [rowGroup]);
  }
  return byPath;
}
