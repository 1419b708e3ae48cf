import {
  EmbeddingInputs,
  weightedLogisticLoss,
  type RankingBatch,
  type RankingEngineFactory,
  type RankingGradients,
} from '@watchnext/ranking-model';
import type { TensorBackend } from './backend';
import { DenseNetwork } from './dense-network';

/**
 * The ranking step on TensorFlow.js: the tower's forward and backward pass on the backend; embeddings and the loss, a
 * thousandth of the arithmetic, on the host, where exp and log are in double precision.
 */
export function tfjsRankingEngine(backend: TensorBackend): RankingEngineFactory {
  const { tf } = backend;
  return (network) => {
    const tower = new DenseNetwork(backend, network.tower, { learningRate: network.learningRate });
    if (network.optimizers) tower.restoreOptimizer(network.optimizers);
    const embeddings = new EmbeddingInputs(network);

    /** Leaves the tower's gradients in `tower`, for `step` or to be read. */
    const propagate = (batch: RankingBatch): { loss: number; inputs: Float32Array } => {
      embeddings.fill(batch);
      let loss = NaN;
      let inputs: Float32Array = new Float32Array(0);
      // Nothing is returned through `tidy`: it would search the arrays for tensors, number by number.
      tf.tidy(() => {
        const pass = tower.forward(tf.tensor2d(batch.values, [batch.rowCount, network.inputSize]));
        const logits = pass.output.dataSync<'float32'>();
        const logitGradient = new Float32Array(logits.length);
        loss = weightedLogisticLoss(logits, batch, logitGradient, network.gradientClip);
        const outputGradient = tf.tensor2d(logitGradient, [batch.rowCount, tower.outputSize]);
        inputs = tower.backward(pass, outputGradient).dataSync<'float32'>();
      });
      return { loss, inputs };
    };
    return {
      step(batch, rateScale) {
        const { loss, inputs } = propagate(batch);
        tower.learningRate = network.learningRate * rateScale;
        tower.step();
        embeddings.update(batch, inputs, rateScale);
        return loss;
      },
      gradients: (batch): RankingGradients => ({ ...propagate(batch), tower: tower.gradients() }),
      finish: () => tower.read(),
      readOptimizers: () => ({ ...tower.optimizerState(), accumulators: embeddings.accumulators() }),
      dispose: () => tower.dispose(),
    };
  };
}
