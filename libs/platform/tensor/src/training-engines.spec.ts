import { createRandom, createTable, initialiseStack } from '@watchnext/learning';
import type { RankingNetwork } from '@watchnext/ranking-model';
import { selectBackend } from './backend';
import { kernelModule, nameOfKernels } from './kernels/load-kernels';
import { trainingEnginesOn } from './training-engines';

const DIMENSIONS = 4_096;

function network(rowCount?: number): RankingNetwork {
  const random = createRandom(1);
  const table = createTable(20, DIMENSIONS, random, 0.1);
  return {
    inputSize: DIMENSIONS + 2,
    batchSize: 8,
    tables: [rowCount === undefined ? table : { ...table, rowCount }],
    inputs: [{ table: 0, from: 1 }],
    tower: initialiseStack([DIMENSIONS + 2, 5, 2], random),
    learningRate: 0.01,
    tableLearningRate: 0.05,
    tableDecay: 0,
    gradientClip: 0,
  };
}

describe('the training engines', () => {
  it('are our own kernels where TensorFlow.js would compute in WebAssembly, and TensorFlow.js elsewhere', async () => {
    const wasm = await selectBackend('wasm');
    expect(trainingEnginesOn(wasm, { threads: 3 })).toMatchObject({
      name: 'kernels',
      kernels: nameOfKernels(kernelModule('auto')),
      threads: 3,
    });
    const kernels = trainingEnginesOn(wasm, { threads: 3, kernels: 'wasm' }).kernels;
    expect(kernels).toMatch(/^wasm/);
    expect(trainingEnginesOn(await selectBackend('cpu'), { threads: 3 })).toMatchObject({ name: 'tensorflow.js' });
  });

  it('fall back for tables that WebAssembly cannot address, and say so', async () => {
    const reasons: string[] = [];
    const onFallback = (reason: string) => void reasons.push(reason);
    const { ranking } = trainingEnginesOn(await selectBackend('wasm'), { threads: 1, onFallback });
    const small = await ranking(network());
    await small.dispose();
    expect(reasons).toEqual([]);
    // TensorFlow.js keeps tables on the host: it takes this one, whose rows are never asked for.
    const large = await ranking(network(2 ** 18));
    await large.dispose();
    expect(reasons).toEqual([expect.stringMatching(/GiB .* TensorFlow\.js trains instead, on one thread/)]);
  });

  it('pass on any other error', async () => {
    const { ranking } = trainingEnginesOn(await selectBackend('wasm'), { threads: 1 });
    await expect(ranking({ ...network(), inputSize: 7 })).rejects.toThrow('the rows have 7');
  });
});
