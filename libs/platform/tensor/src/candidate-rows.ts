/** What the candidate step with TensorFlow.js does on the host with rows of tables, beside gathering inputs and updating. */
import { type CandidateTables, type GradientSink, scaleToLength, throughScaling } from '@watchnext/candidate-model';
import type { EmbeddingTable } from '@watchnext/learning';

/** Rows that are scaled to one length, in place. */
export class ScaledRows {
  private readonly factors: Float32Array;

  constructor(
    readonly rows: Float32Array,
    private readonly dimensions: number,
    private readonly length: number,
  ) {
    this.factors = scaleToLength(rows, dimensions, length);
  }

  /** From gradients by the scaled rows to those by the rows as they were, in place. */
  through(gradients: Float32Array): Float32Array {
    throughScaling(gradients, this.rows, this.dimensions, this.factors, this.length);
    return gradients;
  }
}

/** For each video, where it stands among the negatives of the batch at hand: chains through typed arrays. */
export class AccidentalHits {
  /** Position + 1 of a video's last negative, [rowCount]; 0 = none. */
  private readonly heads: Int32Array;
  /** Position + 1 of the one before, [negativeCount]. */
  private readonly previous: Int32Array;
  private indexed: Int32Array = new Int32Array(0);

  constructor(rowCount: number, negativeCount: number) {
    this.heads = new Int32Array(rowCount);
    this.previous = new Int32Array(negativeCount);
  }

  index(negatives: Int32Array): void {
    for (const video of this.indexed) this.heads[video] = 0;
    for (let j = 0; j < negatives.length; j++) {
      this.previous[j] = this.heads[negatives[j]];
      this.heads[negatives[j]] = j + 1;
    }
    this.indexed = negatives.slice();
  }

  visit(video: number, atPosition: (j: number) => void): void {
    for (let next = this.heads[video]; next !== 0; next = this.previous[next - 1]) atPosition(next - 1);
  }
}

/** Sums gradients per row, where RowwiseAdagrad would apply them. */
export class GradientCollector implements GradientSink {
  readonly sums = new Map<number, Float32Array>();

  constructor(private readonly table: EmbeddingTable) {}

  add(row: number, gradients: Float32Array, offset: number, scale: number): void {
    if (row === 0) return;
    const sum = this.sums.get(row) ?? new Float32Array(this.table.dimensions);
    for (let d = 0; d < sum.length; d++) sum[d] += scale * gradients[offset + d];
    this.sums.set(row, sum);
  }
}

/** One thing for each table; tied tables share theirs. */
export function forTables<T>(
  tables: CandidateTables,
  of: (table: EmbeddingTable) => T,
): Record<keyof CandidateTables, T> {
  const watched = of(tables.watched);
  return {
    watched,
    positions: of(tables.positions),
    queries: of(tables.queries),
    searchTokens: of(tables.searchTokens),
    countries: of(tables.countries),
    devices: of(tables.devices),
    output: tables.output === tables.watched ? watched : of(tables.output),
  };
}

export function gatherRows(
  { values, dimensions }: EmbeddingTable,
  rows: Int32Array,
  out: Float32Array,
  offset: number,
): void {
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i] * dimensions;
    const to = offset + i * dimensions;
    for (let d = 0; d < dimensions; d++) out[to + d] = values[from + d];
  }
}

export function dot(a: Float32Array, b: Float32Array, offset: number, length: number): number {
  let sum = 0;
  for (let d = 0; d < length; d++) sum += a[offset + d] * b[offset + d];
  return sum;
}

/** Row i of `rows` times scales[i]. */
export function scaledRows(rows: Float32Array, scales: Float32Array, dimensions: number): Float32Array {
  return rows.map((x, i) => x * scales[Math.floor(i / dimensions)]);
}
