/**
 * The ranking model's training step on the kernels and threads of the candidate model's (see wasm-candidate-engine.ts):
 * losses, gradients and weights are the same to the bit for any number of threads.
 */
import { checkStack, type DenseStack } from '@watchnext/learning';
import {
  INITIAL_ACCUMULATOR,
  type RankingBatch,
  type RankingEngine,
  type RankingEngineFactory,
  type RankingGradients,
  type RankingNetwork,
  type RankingOptimizerState,
} from '@watchnext/ranking-model';
import { Arena } from './kernels/arena';
import { movedColumns, planRankingStep, type RankingPlan } from './kernels/ranking-plan';
import { type KernelOptions, StepHost } from './kernels/step-host';
import { FLOAT, FRAME } from './kernels/step-plan';

export function wasmRankingEngine(options: KernelOptions): RankingEngineFactory {
  return (network) => new WasmRankingEngine(network, options);
}

const GROWTH = 1.5;

class WasmRankingEngine implements RankingEngine {
  private readonly arena = new Arena();
  private readonly plan: RankingPlan;
  private readonly host: StepHost;
  /** Of each table's entries, how many there is room for. */
  private readonly rooms: number[];

  constructor(
    private readonly network: RankingNetwork,
    options: KernelOptions,
  ) {
    const { tables, tower, inputSize, batchSize, optimizers } = network;
    checkStack(tower);
    if (tower.at(0)?.inputSize !== inputSize) {
      throw new Error(`the tower begins with ${tower.at(0)?.inputSize} columns, the rows have ${inputSize}`);
    }
    this.plan = planRankingStep(this.arena, network);
    this.host = new StepHost(this.arena, this.plan, tower, movedColumns(this.plan), options);
    this.rooms = tables.map(() => 0);
    for (const { table } of network.inputs) this.rooms[table] += batchSize;
    tables.forEach((table, i) => {
      this.host.allocateEntries(i, this.rooms[i]);
      this.host.copyTableIn(i, table);
      if (optimizers) this.host.accumulatorsOf(i).set(optimizers.accumulators[i]);
      else this.host.accumulatorsOf(i).fill(INITIAL_ACCUMULATOR);
    });
    if (optimizers) this.host.restoreAdam(optimizers);
    this.host.startThreads();
  }

  step(batch: RankingBatch, rateScale: number): number {
    const loss = this.compute(batch);
    if (!Number.isFinite(loss) || !this.host.gradientsAreFinite()) return NaN;
    const { learningRate, tableLearningRate } = this.network;
    this.host.update({ dense: learningRate * rateScale, tables: tableLearningRate * rateScale });
    return loss;
  }

  gradients(batch: RankingBatch): RankingGradients {
    const loss = this.compute(batch);
    const { inputSize } = this.network;
    const { inputGradients, bags, tables } = this.plan;
    const inputs = new Float32Array(batch.rowCount * inputSize);
    for (let row = 0; row < batch.rowCount; row++) {
      for (const { table, from, at } of bags) {
        const address = inputGradients.address + row * inputGradients.stride + at * FLOAT;
        inputs.set(this.arena.floats(address, tables[table].dimensions), row * inputSize + from);
      }
    }
    return { loss, inputs, tower: this.host.readFlat(this.plan.parameterGradients) };
  }

  finish(): DenseStack {
    this.network.tables.forEach((table, i) => this.host.copyTableOut(i, table));
    return this.host.readTower();
  }

  readOptimizers(): RankingOptimizerState {
    const accumulators = this.plan.tables.map((_, i) => this.host.accumulatorsOf(i).slice());
    return { ...this.host.readAdam(), accumulators };
  }

  dispose(): Promise<void> {
    return this.host.close();
  }

  /** Forward and backward. @returns the loss */
  private compute(batch: RankingBatch): number {
    this.host.timed('write the batch', () => this.writeBatch(batch));
    this.host.propagate();
    const losses = new Float64Array(this.arena.memory.buffer, this.plan.losses, batch.rowCount);
    let sum = 0;
    for (let i = 0; i < losses.length; i++) sum += losses[i];
    if (batch.offsets) this.readLogitGradients(batch.offsets.gradients, batch.rowCount);
    return sum / batch.rowCount;
  }

  /** @param out [rowCount, heads] */
  private readLogitGradients(out: Float32Array, rowCount: number): void {
    const { headCount, layers } = this.plan;
    const { address, stride } = layers[layers.length - 1].outputGradients;
    for (let row = 0; row < rowCount; row++) {
      out.set(this.arena.floats(address + row * stride, headCount), row * headCount);
    }
  }

  private writeBatch(batch: RankingBatch): void {
    const { arena, host, plan } = this;
    const { rowCount, values, bags, positiveWeights, negativeWeights } = batch;
    if (rowCount > plan.batchSize) throw new RangeError(`a batch of ${rowCount} rows; at most ${plan.batchSize}`);
    host.frame[FRAME.rowCount] = rowCount;
    host.frameFloats[FRAME.tableDecay] = this.network.tableDecay / rowCount;
    arena.floats(plan.values, values.length).set(values);
    arena.floats(plan.positiveWeights, positiveWeights.length).set(positiveWeights);
    arena.floats(plan.negativeWeights, negativeWeights.length).set(negativeWeights);
    if (plan.hasOffsets !== (batch.offsets !== undefined)) {
      throw new Error(`a batch ${batch.offsets ? 'with' : 'without'} offsets for a network that was made otherwise`);
    }
    if (batch.offsets) arena.floats(plan.offsets, batch.offsets.logits.length).set(batch.offsets.logits);
    const counts = plan.tables.map(() => 0);
    const firstEntries = arena.integers(plan.firstEntries, bags.length);
    plan.bags.forEach(({ table, starts }, i) => {
      firstEntries[i] = counts[table];
      counts[table] += bags[i].rows.length;
      arena.integers(starts, rowCount + 1).set(bags[i].offsets);
    });
    counts.forEach((count, table) => this.makeRoom(table, count));
    plan.bags.forEach(({ table }, i) => {
      const address = host.entriesOf(table).rows + firstEntries[i] * FLOAT;
      arena.integers(address, bags[i].rows.length).set(bags[i].rows);
    });
  }

  private makeRoom(table: number, count: number): void {
    this.host.setEntryCount(table, count);
    if (count <= this.rooms[table]) return;
    this.rooms[table] = Math.ceil(count * GROWTH);
    this.host.allocateEntries(table, this.rooms[table]);
  }
}
