import { RowwiseAdagrad } from '@watchnext/learning';
import type { RankingBatch, RankingNetwork } from './engine';

/**
 * Mean squared gradient that a row is taken to have had before its first: so the first steps of a row are as short as its
 * gradients are small, where Adagrad from zero makes each row's first step a full one. On KuaiRand (see `config.ts`) 1e-6
 * came to a loss of 0.346 with 1,900 examples, where zero came to 0.356; with 115,000 it is no different from zero
 * (0.331), and 1e-5 is worse (0.335).
 */
export const INITIAL_ACCUMULATOR = 1e-6;

/** The sparse half of a step, on the host: fills the embedding columns of a batch and takes their gradients back. */
export class EmbeddingInputs {
  private readonly optimizers: readonly RowwiseAdagrad[];

  constructor(private readonly network: RankingNetwork) {
    this.optimizers = network.tables.map((table, i) => {
      const optimizer = new RowwiseAdagrad(table, { learningRate: network.tableLearningRate });
      if (network.optimizers) optimizer.accumulators.set(network.optimizers.accumulators[i]);
      else optimizer.accumulators.fill(INITIAL_ACCUMULATOR);
      return optimizer;
    });
  }

  /** Of each table; copies. */
  accumulators(): Float32Array[] {
    return this.optimizers.map(({ accumulators }) => accumulators.slice());
  }

  /** Writes the mean of each bag's table rows into the batch's columns; the zero vector for an empty bag. */
  fill(batch: RankingBatch): void {
    const { network } = this;
    network.inputs.forEach(({ table, from }, input) => {
      const { dimensions, values } = network.tables[table];
      const { rows, offsets } = batch.bags[input];
      for (let i = 0; i < batch.rowCount; i++) {
        const to = i * network.inputSize + from;
        const [first, end] = [offsets[i], offsets[i + 1]];
        batch.values.fill(0, to, to + dimensions);
        for (let n = first; n < end; n++) {
          const row = rows[n] * dimensions;
          for (let d = 0; d < dimensions; d++) batch.values[to + d] += values[row + d] / (end - first);
        }
      }
    });
  }

  /** One step of row-wise Adagrad. @param gradients ∂loss/∂row of the batch, [rowCount, inputSize] */
  update(batch: RankingBatch, gradients: Float32Array, rateScale: number): void {
    const { network, optimizers } = this;
    network.inputs.forEach(({ table, from }, input) => {
      const optimizer = optimizers[table];
      const { dimensions, values } = network.tables[table];
      const { rows, offsets } = batch.bags[input];
      for (let i = 0; i < batch.rowCount; i++) {
        const [first, end] = [offsets[i], offsets[i + 1]];
        for (let n = first; n < end; n++) {
          optimizer.add(rows[n], gradients, i * network.inputSize + from, 1 / (end - first));
          if (network.tableDecay > 0) {
            optimizer.add(rows[n], values, rows[n] * dimensions, network.tableDecay / batch.rowCount);
          }
        }
      }
    });
    for (const optimizer of optimizers) {
      optimizer.learningRate = network.tableLearningRate * rateScale;
      optimizer.step();
    }
  }
}
