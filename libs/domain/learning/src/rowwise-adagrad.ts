import type { EmbeddingTable } from './types';

export interface RowwiseAdagradOptions {
  readonly learningRate: number;
  /** Added to the root, so that a row whose gradients were all zero stays finite. */
  readonly epsilon?: number;
}

/**
 * Sparse row-wise Adagrad: one accumulator per row instead of one per number, as production recommenders use it for
 * embedding tables (Gupta et al. 2014; FBGEMM's "exact row-wise Adagrad"):
 *
 *   a_r ← a_r + mean(g_r²),  row_r ← row_r − learningRate · g_r / (√a_r + ε)
 *
 * where g_r is the **sum** of all gradients that a step added for row r: duplicates in a batch count as one update, so
 * the result does not depend on how a batch is cut. Between steps only the rows touched cost anything; the memory is
 * 8 bytes a row plus the touched rows' sums. Row 0 is never changed.
 *
 *   optimizer.add(row, gradients, offset, 1 / bagSize);  …  optimizer.step();
 */
export class RowwiseAdagrad {
  /** a, one per row of the table, on shared memory as the table is. */
  readonly accumulators: Float32Array;
  learningRate: number;
  private readonly epsilon: number;
  /** Slot of each row in `sums` plus 1; 0 = not touched in this step. */
  private readonly slotOfRow: Int32Array;
  private touchedRows = new Int32Array(1024);
  private touchedCount = 0;
  private sums: Float32Array;

  constructor(
    private readonly table: EmbeddingTable,
    options: RowwiseAdagradOptions,
  ) {
    this.learningRate = options.learningRate;
    this.epsilon = options.epsilon ?? 1e-10;
    this.accumulators = new Float32Array(new SharedArrayBuffer(table.rowCount * Float32Array.BYTES_PER_ELEMENT));
    this.slotOfRow = new Int32Array(table.rowCount);
    this.sums = new Float32Array(this.touchedRows.length * table.dimensions);
  }

  /** Adds `scale` · gradients[offset … offset + dimensions) to the sum of `row`. Row 0 is ignored. */
  add(row: number, gradients: Float32Array, offset: number, scale: number): void {
    if (row === 0) return;
    const { dimensions } = this.table;
    const slot = this.slotOfRow[row] - 1;
    if (slot >= 0) {
      const { sums } = this;
      const to = slot * dimensions;
      for (let d = 0; d < dimensions; d++) sums[to + d] += scale * gradients[offset + d];
    } else {
      const to = this.claimSlot(row) * dimensions;
      const { sums } = this;
      for (let d = 0; d < dimensions; d++) sums[to + d] = scale * gradients[offset + d];
    }
  }

  /** Applies the sums and forgets them. */
  step(): void {
    const { table, sums, accumulators, epsilon, learningRate } = this;
    const { dimensions, values } = table;
    for (let slot = 0; slot < this.touchedCount; slot++) {
      const row = this.touchedRows[slot];
      this.slotOfRow[row] = 0;
      const from = slot * dimensions;
      let squares = 0;
      for (let d = 0; d < dimensions; d++) squares += sums[from + d] * sums[from + d];
      if (squares === 0) continue;
      accumulators[row] += squares / dimensions;
      const rate = learningRate / (Math.sqrt(accumulators[row]) + epsilon);
      const to = row * dimensions;
      for (let d = 0; d < dimensions; d++) values[to + d] -= rate * sums[from + d];
    }
    this.touchedCount = 0;
  }

  private claimSlot(row: number): number {
    if (row < 0 || row >= this.table.rowCount)
      throw new RangeError(`row ${row} of a table of ${this.table.rowCount} rows`);
    const slot = this.touchedCount++;
    if (slot === this.touchedRows.length) this.grow();
    this.touchedRows[slot] = row;
    this.slotOfRow[row] = slot + 1;
    return slot;
  }

  private grow(): void {
    const rows = new Int32Array(this.touchedRows.length * 2);
    rows.set(this.touchedRows);
    const sums = new Float32Array(this.sums.length * 2);
    sums.set(this.sums);
    this.touchedRows = rows;
    this.sums = sums;
  }
}
