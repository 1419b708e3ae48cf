/** Sorted runs as one: the record of the least key comes next, and of one key that of the earlier run. */
import type { TakeBlob } from '../blobs';
import type { RecordBatch } from '../record-chunk';
import { compareKeys, type KeyBytes, RunCursor } from './sorted-run';

/** As a chunk of DuckDB's. */
const BATCH_ROWS = 2_048;

/** @param paths of runs, each with larger offsets than those before it */
export async function* mergeRuns(paths: readonly string[]): AsyncGenerator<RecordBatch> {
  const cursors: RunCursor[] = [];
  try {
    const waiting = new WaitingRuns();
    for (const [order, path] of paths.entries()) {
      const cursor = await RunCursor.open(path);
      cursors.push(cursor);
      if (await cursor.read()) waiting.add({ cursor, order });
    }
    let batch = new MergedBatch();
    for (let run = waiting.takeFirst(); run; run = waiting.takeFirst()) {
      const { cursor } = run;
      let hasNext: boolean;
      do {
        if (batch.rowCount === BATCH_ROWS) {
          yield batch;
          batch = new MergedBatch();
        }
        batch.add(cursor);
        hasNext = cursor.next() || (await cursor.read());
      } while (hasNext && !cursor.isOfNewKey);
      if (hasNext) waiting.add(run);
    }
    if (batch.rowCount > 0) yield batch;
  } finally {
    await Promise.all(cursors.map((cursor) => cursor.close()));
  }
}

interface Run {
  readonly cursor: RunCursor;
  readonly order: number;
}

/** The runs, by the keys of their rows. So few that one is put among the others by moving these. */
class WaitingRuns {
  /** Descending. */
  private readonly runs: Run[] = [];

  add(run: Run): void {
    const { runs } = this;
    let [low, high] = [0, runs.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(run, runs[middle])) low = middle + 1;
      else high = middle;
    }
    runs.splice(low, 0, run);
  }

  takeFirst(): Run | undefined {
    return this.runs.pop();
  }
}

function isBefore(one: Run, other: Run): boolean {
  const difference = compareKeys(one.cursor.key, other.cursor.key);
  return difference < 0 || (difference === 0 && one.order < other.order);
}

class MergedBatch implements RecordBatch {
  rowCount = 0;
  readonly offsets = new Float64Array(BATCH_ROWS);
  readonly timestampsMs = new Float64Array(BATCH_ROWS);
  private readonly keys: KeyBytes[] = [];
  private readonly blocks: Uint8Array[] = [];
  private readonly starts = new Int32Array(BATCH_ROWS);
  private readonly ends = new Int32Array(BATCH_ROWS);

  add({ offset, timestampMs, key, block, valueStart, valueEnd }: RunCursor): void {
    const row = this.rowCount++;
    this.offsets[row] = offset;
    this.timestampsMs[row] = timestampMs;
    const keyBefore = row > 0 ? this.keys[row - 1] : undefined;
    // Of different runs the same key is different bytes.
    this.keys.push(keyBefore && compareKeys(keyBefore, key) === 0 ? keyBefore : key);
    this.blocks.push(block);
    this.starts[row] = valueStart;
    this.ends[row] = valueEnd;
  }

  hasKeyOfRowBefore(row: number): boolean {
    return row > 0 && this.keys[row] === this.keys[row - 1];
  }

  key(row: number): string {
    const { block, start, end } = this.keys[row];
    return block.toString('utf8', start, end);
  }

  eachValue(take: TakeBlob): void {
    for (let row = 0; row < this.rowCount; row++) take(row, this.blocks[row], this.starts[row], this.ends[row]);
  }
}
