import { runStack } from './dense-stack';
import type { DenseStack } from './types';

/** Computes a tower for rows, outside of training. */
export interface TowerRunner {
  /**
   * @param rows [rowCount, inputSize], or longer; they do not change until it is done
   * @param into [rowCount, heads], or longer: written, and its beginning returned; who makes many runs saves as many arrays
   * @returns [rowCount, heads]
   */
  run(rows: Float32Array, rowCount: number, into?: Float32Array): Float32Array | Promise<Float32Array>;
  /** Frees what it holds; it cannot be used afterwards. */
  close(): void | Promise<void>;
}

export type TowerRunnerFactory = (tower: DenseStack) => TowerRunner | Promise<TowerRunner>;

/** In loops of plain TypeScript: an inference runtime takes a tenth of the time or less. */
export const plainTowerRunner: TowerRunnerFactory = (tower) => ({
  run(rows, rowCount, into) {
    const outputs = runStack(tower, rows.subarray(0, rowCount * tower[0].inputSize), rowCount);
    if (into === undefined) return outputs;
    into.set(outputs);
    return into.subarray(0, outputs.length);
  },
  close: () => undefined,
});
