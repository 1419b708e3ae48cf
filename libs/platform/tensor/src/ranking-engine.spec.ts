import { engineDeviations } from '@watchnext/ranking-model';
import { selectBackend } from './backend';
import { tfjsRankingEngine } from './ranking-engine';

describe('the ranking step on WebAssembly', () => {
  it('is the arithmetic of the model: finite differences of the loss, and the steps of the reference', async () => {
    const backend = await selectBackend('wasm');
    const deviations = await engineDeviations(tfjsRankingEngine(backend));
    expect(deviations.length).toBeGreaterThan(15);
    expect(deviations.filter(({ relativeError, tolerance }) => !(relativeError <= tolerance))).toEqual([]);
  });

  it('leaves no tensor behind', async () => {
    const backend = await selectBackend('wasm');
    const before = backend.tf.memory().numTensors;
    await engineDeviations(tfjsRankingEngine(backend));
    expect(backend.tf.memory().numTensors).toBe(before);
  });
});
