/** TensorFlow itself, where `npm run native-tensorflow` (or an installation of one's own) has put it; skipped elsewhere. */
import { createRequire } from 'node:module';
import { selectBackend, type TensorBackend, tfjsCandidateEngine } from '../src';
import { candidateEngineConformance } from './candidate-engine-conformance';

const isInstalled = (() => {
  try {
    createRequire(__filename).resolve('@tensorflow/tfjs-node/package.json');
    return true;
  } catch {
    return false;
  }
})();

(isInstalled ? describe : describe.skip)('the TensorFlow.js candidate engine on native TensorFlow', () => {
  let backend: TensorBackend;
  beforeAll(async () => {
    backend = await selectBackend('tensorflow');
  }, 120_000);

  candidateEngineConformance(() => tfjsCandidateEngine(backend));
});
