/**
 * The wide part: a weight for each of some pairs of ids, hashed into one table, added to the logits of the tower.
 *
 * It is learned beside the tower, by the same loss: an engine adds the pairs' weights to the tower's logits before the loss, and
 * gives back the loss's gradient by the logits, which is the gradient by the weights. When training is done it becomes part of
 * rows and tower: a row has a column for each pair and head, which holds the weight, and each hidden layer two units for each
 * head, max(c, 0) and max(−c, 0), that hand the sum c of the weights through to the logit, where it is added. So rows,
 * checksums, the served graph, replay and explanations know of it without any of them being told.
 */
import { hash53 } from '@watchnext/features';
import {
  createTable,
  type DenseLayer,
  type DenseStack,
  type EmbeddingTable,
  type Random,
  RowwiseAdagrad,
  tableFromValues,
} from '@watchnext/learning';
import type { RankingCross } from './config';
import { INITIAL_ACCUMULATOR } from './embedding-inputs';
import type { InputLayout } from './input-layout';

/** What the pairs are made of. */
export interface CrossIds {
  readonly userId: string;
  readonly surface: string;
  readonly channelId: string;
}

/** @returns the row of the pair's weights; 0, which stays zero, where an id of it is not known */
export function crossRow(cross: RankingCross, { userId, surface, channelId }: CrossIds, buckets: number): number {
  const other = cross === 'user-surface' ? userId : channelId;
  if (other === '' || surface === '') return 0;
  return 1 + (hash53(`${cross}\n${surface}\n${other}`) % buckets);
}

/** The weights while they are trained: [1 + buckets, heads], zero at first. */
export class CrossTraining {
  readonly table: EmbeddingTable;
  private readonly optimizer: RowwiseAdagrad;

  constructor(
    buckets: number,
    private readonly heads: number,
    private readonly settings: { readonly tableLearningRate: number; readonly tableDecay: number },
    random: Random,
  ) {
    this.table = createTable(1 + buckets, heads, random, 0);
    this.optimizer = new RowwiseAdagrad(this.table, { learningRate: settings.tableLearningRate });
    this.optimizer.accumulators.fill(INITIAL_ACCUMULATOR);
  }

  /** Of the optimizer, to be kept and restored. */
  get accumulators(): Float32Array {
    return this.optimizer.accumulators;
  }

  /** @param rows [batch, crosses] @param offsets receives the sums of the weights, [batch, heads] */
  fill(rows: Int32Array, offsets: Float32Array): void {
    const { heads } = this;
    const { values } = this.table;
    const width = (rows.length * heads) / offsets.length;
    offsets.fill(0);
    for (let i = 0; i < rows.length; i++) {
      const to = Math.floor(i / width) * heads;
      for (let head = 0; head < heads; head++) offsets[to + head] += values[rows[i] * heads + head];
    }
  }

  /** One step. @param gradients ∂loss/∂logit, [batch, heads] */
  update(rows: Int32Array, gradients: Float32Array, rateScale: number): void {
    const { heads, optimizer, settings } = this;
    const batchSize = gradients.length / heads;
    const width = rows.length / batchSize;
    for (let i = 0; i < rows.length; i++) {
      if (rows[i] === 0) continue;
      optimizer.add(rows[i], gradients, Math.floor(i / width) * heads, 1);
      if (settings.tableDecay > 0) {
        optimizer.add(rows[i], this.table.values, rows[i] * heads, settings.tableDecay / batchSize);
      }
    }
    optimizer.learningRate = settings.tableLearningRate * rateScale;
    optimizer.step();
  }
}

/** The weights that add as much to the mean of the members' logits as the members' own do. */
export function meanCrosses(tables: readonly EmbeddingTable[]): EmbeddingTable {
  const [{ values, dimensions }] = tables;
  const sums = new Float64Array(values.length);
  for (const table of tables) table.values.forEach((value, i) => (sums[i] += value));
  return tableFromValues(
    sums.map((sum) => sum / tables.length),
    dimensions,
  );
}

/**
 * The tower for rows that have the pairs' columns.
 * @param without layout of the rows that it was trained on @param to the same with the pairs
 */
export function withCrosses(tower: DenseStack, without: InputLayout, to: InputLayout): DenseStack {
  const last = tower.length - 1;
  const heads = tower[last].outputSize;
  return tower.map((layer, depth): DenseLayer => {
    const [isFirst, isLast] = [depth === 0, depth === last];
    const inputSize = isFirst ? to.inputSize : layer.inputSize + 2 * heads;
    const outputSize = isLast ? heads : layer.outputSize + 2 * heads;
    const weights = new Float32Array(inputSize * outputSize);
    const bias = new Float32Array(outputSize);
    bias.set(layer.bias);
    const columns = isFirst ? columnsIn(without, to) : Int32Array.from({ length: layer.inputSize }, (_, i) => i);
    columns.forEach((column, i) => {
      const row = layer.weights.subarray(i * layer.outputSize, (i + 1) * layer.outputSize);
      weights.set(row, column * outputSize);
    });
    const hand = (input: number, output: number, weight: number) => (weights[input * outputSize + output] += weight);
    for (let head = 0; head < heads; head++) {
      const [plus, minus] = [layer.outputSize + 2 * head, layer.outputSize + 2 * head + 1];
      const [plusIn, minusIn] = [layer.inputSize + 2 * head, layer.inputSize + 2 * head + 1];
      for (const { from } of isFirst ? to.crosses : []) {
        hand(from + head, isLast ? head : plus, 1);
        if (!isLast) hand(from + head, minus, -1);
      }
      if (isFirst) continue;
      hand(plusIn, isLast ? head : plus, 1);
      hand(minusIn, isLast ? head : minus, isLast ? -1 : 1);
    }
    return { inputSize, outputSize, weights, bias, activation: layer.activation };
  });
}

/** The way back. */
export function withoutCrosses(tower: DenseStack, without: InputLayout, from: InputLayout): DenseStack {
  const last = tower.length - 1;
  const heads = tower[last].outputSize;
  return tower.map((layer, depth): DenseLayer => {
    const [isFirst, isLast] = [depth === 0, depth === last];
    const inputSize = isFirst ? without.inputSize : layer.inputSize - 2 * heads;
    const outputSize = isLast ? heads : layer.outputSize - 2 * heads;
    const columns = isFirst ? columnsIn(without, from) : Int32Array.from({ length: inputSize }, (_, i) => i);
    const weights = new Float32Array(inputSize * outputSize);
    columns.forEach((column, i) => {
      const start = column * layer.outputSize;
      weights.set(layer.weights.subarray(start, start + outputSize), i * outputSize);
    });
    return { inputSize, outputSize, weights, bias: layer.bias.slice(0, outputSize), activation: layer.activation };
  });
}

/** Where the columns of rows without pairs are in rows that have them. */
function columnsIn(without: InputLayout, to: InputLayout): Int32Array {
  const columns = new Int32Array(without.inputSize);
  const places = new Map(to.groups.map((group) => [group.name, group.from]));
  for (const { name, from, to: end } of without.groups) {
    for (let column = from; column < end; column++) columns[column] = places.get(name)! + column - from;
  }
  return columns;
}
