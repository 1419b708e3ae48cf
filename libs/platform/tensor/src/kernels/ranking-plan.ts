/** Where everything of a ranking training step lies in the shared memory. */
import type { RankingNetwork } from '@watchnext/ranking-model';
import type { Arena } from './arena';
import { FLOAT, frameLength, padded, planTable, planTower, type StepPlan } from './step-plan';

/** The embedding columns come first, so that only they need a gradient; the rest keep their order behind them. */
export interface RankingPlan extends StepPlan {
  readonly model: 'ranking';
  readonly headCount: number;
  readonly gradientClip: number;
  /** The rows of a batch as they come, [batch, inputSize] without padding. */
  readonly inputSize: number;
  readonly values: number;
  /** Runs of columns of numbers: `size` from column `from` of the values on stand from column `at` on here. */
  readonly runs: readonly { readonly from: number; readonly at: number; readonly size: number }[];
  /** As the network's embedding inputs. */
  readonly bags: readonly BagPlan[];
  /** int32, [bags]: which of its table's entries is the first of each bag's. */
  readonly firstEntries: number;
  /** [batch, heads] without padding. */
  readonly positiveWeights: number;
  readonly negativeWeights: number;
  /** Whether something is added to the logits: [batch, heads] without padding. */
  readonly hasOffsets: boolean;
  readonly offsets: number;
  /** float64, [batch]. */
  readonly losses: number;
}

export interface BagPlan {
  readonly table: number;
  /** Column in the network's rows, and here. */
  readonly from: number;
  readonly at: number;
  /** int32, [batch + 1]. */
  readonly starts: number;
}

export function planRankingStep(arena: Arena, network: RankingNetwork): RankingPlan {
  const { inputSize, batchSize, tower } = network;
  const numbers = (count: number) => arena.allocate(count * FLOAT);
  const tables = network.tables.map((table) => planTable(arena, table));
  let embeddingWidth = 0;
  const bags = network.inputs.map(({ table, from }): BagPlan => {
    const at = embeddingWidth;
    embeddingWidth += tables[table].dimensions;
    return { table, from, at, starts: numbers(batchSize + 1) };
  });
  const headCount = tower[tower.length - 1].outputSize;
  return {
    ...planTower(arena, tower, batchSize, padded(inputSize), padded(embeddingWidth)),
    model: 'ranking',
    frame: arena.allocate(frameLength(tables.length) * FLOAT),
    tables,
    hiddenDropout: 0,
    headCount,
    gradientClip: network.gradientClip,
    inputSize,
    values: numbers(batchSize * inputSize),
    runs: runsBetween(network, bags, embeddingWidth),
    bags,
    firstEntries: numbers(bags.length),
    positiveWeights: numbers(batchSize * headCount),
    negativeWeights: numbers(batchSize * headCount),
    hasOffsets: network.hasOffsets ?? false,
    offsets: network.hasOffsets ? numbers(batchSize * headCount) : 0,
    losses: arena.allocate(batchSize * Float64Array.BYTES_PER_ELEMENT),
  };
}

/** Of an input column, where it stands here. */
export function movedColumns({ inputSize, bags, runs, tables }: RankingPlan): Int32Array {
  const columns = new Int32Array(inputSize);
  const move = (from: number, at: number, size: number) => {
    for (let i = 0; i < size; i++) columns[from + i] = at + i;
  };
  for (const { table, from, at } of bags) move(from, at, tables[table].dimensions);
  for (const { from, at, size } of runs) move(from, at, size);
  return columns;
}

/** @throws RangeError where embedding inputs overlap or do not fit */
function runsBetween({ inputSize, tables }: RankingNetwork, bags: readonly BagPlan[], firstAt: number) {
  const ordered = [...bags].sort((a, b) => a.from - b.from);
  const runs: { from: number; at: number; size: number }[] = [];
  let column = 0;
  let at = firstAt;
  const addRun = (end: number) => {
    if (end < column)
      throw new RangeError(`an embedding input begins in column ${end}, where another one ends in ${column}`);
    if (end > column) runs.push({ from: column, at, size: end - column });
    at += end - column;
  };
  for (const { table, from } of ordered) {
    addRun(from);
    column = from + tables[table].dimensions;
  }
  addRun(inputSize);
  return runs;
}
