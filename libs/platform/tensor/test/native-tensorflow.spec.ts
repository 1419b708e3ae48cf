/** TensorFlow itself, where `npm run native-tensorflow` (or an installation of one's own) has put it; skipped elsewhere. */
import { createRequire } from 'node:module';
import { engineDeviations } from '@watchnext/ranking-model';
import { selectBackend, type TensorBackend, tfjsCandidateEngine, tfjsRankingEngine } from '../src';
import { candidateEngineConformance } from './candidate-engine-conformance';

const isInstalled = (() => {
  try {
    createRequire(__filename).resolve('@tensorflow/tfjs-node/package.json');
    return true;
  } catch {
    return false;
  }
})();

(isInstalled ? describe : describe.skip)('the TensorFlow.js engines on native TensorFlow', () => {
  let backend: TensorBackend;
  beforeAll(async () => {
    backend = await selectBackend('tensorflow');
  }, 120_000);

  candidateEngineConformance(() => tfjsCandidateEngine(backend));

  it('computes the ranking step of the model', async () => {
    const deviations = await engineDeviations(tfjsRankingEngine(backend));
    expect(deviations.filter(({ relativeError, tolerance }) => !(relativeError <= tolerance))).toEqual([]);
  });
});
