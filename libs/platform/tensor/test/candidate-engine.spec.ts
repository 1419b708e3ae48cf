import { createRandom, createTable, initialiseStack } from '@watchnext/learning';
import { inputLayout } from '@watchnext/candidate-model';
import { selectBackend, tfjsCandidateEngine, wasmCandidateEngine, type TensorBackend } from '../src';
import { candidateEngineConformance } from './candidate-engine-conformance';
import { KERNEL_CHOICES } from './kernel-choices';

describe.each(['wasm', 'cpu'] as const)('the TensorFlow.js candidate engine on %s', (name) => {
  let backend: TensorBackend;
  let tensorsBefore: number;
  beforeAll(async () => {
    backend = await selectBackend(name);
    tensorsBefore = backend.tf.memory().numTensors;
  });
  afterAll(() => {
    expect(backend.tf.memory().numTensors).toBe(tensorsBefore);
  });

  candidateEngineConformance(() => tfjsCandidateEngine(backend));

  it('refuses a tower that does not fit the tables', async () => {
    const table = createTable(3, 4, createRandom(1), 1);
    const tables = {
      watched: table,
      searchTokens: table,
      countries: table,
      devices: table,
      positions: table,
      queries: table,
      output: table,
    };
    const layout = inputLayout(tables, { historyEncoder: 'mean', exampleAgeKnots: 2 });
    const rates = { denseLearningRate: 0.1, tableLearningRate: 0.1, inputDropout: 0, hiddenDropout: 0 };
    const setup = { layout, tables, batchSize: 2, negativeCount: 2, ...rates };
    const tower = initialiseStack([layout.inputSize, 5], createRandom(1));
    await expect(tfjsCandidateEngine(backend)({ ...setup, tower })).rejects.toThrow('the tower maps');
  });
});

describe.each([
  ...KERNEL_CHOICES.map(([name, kernels]) => [`${name}, on one thread`, { threads: 1, kernels }] as const),
  ['on three threads', { threads: 3 }] as const,
])('the candidate engine of our own kernels, %s', (_, options) => {
  candidateEngineConformance(() => wasmCandidateEngine(options));
});
