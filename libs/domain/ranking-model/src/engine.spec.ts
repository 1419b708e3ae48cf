import { createTable, createRandom, initialiseStack } from '@watchnext/learning';
import { weightedLogisticLoss, type RankingBatch, type RankingEngineFactory, type RankingNetwork } from './engine';
import { engineDeviations } from './engine-deviations';
import { referenceRankingEngine } from './reference-engine';

function batchOf(positiveWeights: number[], negativeWeights: number[]): RankingBatch {
  return {
    rowCount: positiveWeights.length,
    values: new Float32Array(0),
    bags: [],
    positiveWeights: Float32Array.from(positiveWeights),
    negativeWeights: Float32Array.from(negativeWeights),
  };
}

describe('the weighted logistic loss', () => {
  it('is least where the odds are the positive weight over the negative', () => {
    const batch = batchOf([30], [1]);
    const lossAt = (odds: number) => weightedLogisticLoss(Float32Array.of(Math.log(odds)), batch, new Float32Array(1));
    expect(lossAt(30)).toBeLessThan(lossAt(29));
    expect(lossAt(30)).toBeLessThan(lossAt(31));
    const gradient = new Float32Array(1);
    weightedLogisticLoss(Float32Array.of(Math.log(30)), batch, gradient);
    expect(gradient[0]).toBeCloseTo(0, 5);
  });

  it('cuts off what one example may say, and never its sign', () => {
    const gradientOf = (clip: number) => {
      const gradient = new Float32Array(2);
      weightedLogisticLoss(Float32Array.of(-3, 3), batchOf([100, 0], [0, 100]), gradient, clip);
      return [...gradient].map((value) => value * 2); // the loss is a mean over two
    };
    expect(gradientOf(5)).toEqual([-5, 5]);
    expect(gradientOf(0)[0]).toBeLessThan(-90);
    expect(gradientOf(1_000)).toEqual(gradientOf(0));
  });

  it('stays finite for logits that no exponential takes', () => {
    const gradient = new Float32Array(2);
    expect(weightedLogisticLoss(Float32Array.of(-2000, 2000), batchOf([3, 3], [1, 1]), gradient)).toBe(
      (6000 + 2000) / 2,
    );
    expect([...gradient]).toEqual([-1.5, 0.5]);
  });
});

describe('engineDeviations', () => {
  const failing = async (factory: RankingEngineFactory) =>
    (await engineDeviations(factory)).filter((d) => !(d.relativeError <= d.tolerance)).map((d) => d.name);

  it('finds nothing wrong with the reference engine', async () => {
    expect(await failing(referenceRankingEngine)).toEqual([]);
  });

  /** The reference engine with one thing wrong. */
  const broken =
    (change: (network: RankingNetwork) => RankingNetwork): RankingEngineFactory =>
    (network) =>
      referenceRankingEngine(change(network));

  it("notices an engine that forgets the embeddings' decay", async () => {
    expect(await failing(broken((network) => ({ ...network, tableDecay: 0 })))).toContain('table 0 after the steps');
  });

  it('notices an engine that fills the wrong column', async () => {
    const shift = (network: RankingNetwork) => ({
      ...network,
      inputs: network.inputs.map((input, i) => (i === 1 ? { ...input, from: input.from + 1 } : input)),
    });
    expect(await failing(broken(shift))).toEqual(expect.arrayContaining(['loss', 'gradient of the tower']));
  });

  it('notices an engine whose gradients are a little off', async () => {
    const scaled: RankingEngineFactory = async (network) => {
      const engine = referenceRankingEngine(network);
      return {
        ...engine,
        gradients: async (batch) => {
          const exact = await engine.gradients(batch);
          return { ...exact, inputs: exact.inputs.map((value) => value * 1.01) };
        },
      };
    };
    expect(await failing(scaled)).toEqual(['gradient of the tables']);
  });

  it('notices an engine that forgets its accumulators, and one that cuts nothing off', async () => {
    const forgetful: RankingEngineFactory = (network) => {
      const { optimizers, ...rest } = network;
      return referenceRankingEngine({ ...rest, ...(optimizers && { optimizers: { ...optimizers, stepCount: 0 } }) });
    };
    expect(await failing(forgetful)).toContain('tower of a training that was gone on with');
    expect(await failing(broken((network) => ({ ...network, gradientClip: 0 })))).toEqual([
      'tower after steps with clipped gradients',
    ]);
  });

  it('notices an engine that gives NaN, and one that ignores the rate', async () => {
    const nan: RankingEngineFactory = (network) => ({ ...referenceRankingEngine(network), step: () => NaN });
    expect(await failing(nan)).toContain('loss of step 0');
    const hasty: RankingEngineFactory = (network) => {
      const engine = referenceRankingEngine(network);
      return { ...engine, step: (batch) => engine.step(batch, 1) };
    };
    expect(await failing(hasty)).toContain('tower after the steps');
  });
});

describe('row 0 of a table', () => {
  it('is the zero vector before and after', async () => {
    const random = createRandom(1);
    const network: RankingNetwork = {
      inputSize: 2,
      batchSize: 2,
      tables: [createTable(3, 2, random, 1)],
      inputs: [{ table: 0, from: 0 }],
      tower: initialiseStack([2, 1], random),
      learningRate: 0.1,
      tableLearningRate: 0.1,
      tableDecay: 0.1,
      gradientClip: 0,
    };
    const engine = referenceRankingEngine(network);
    const bags = [{ rows: Int32Array.of(0, 1), offsets: Int32Array.of(0, 1, 2) }];
    const before = network.tables[0].values.slice();
    await engine.step({ ...batchOf([1, 1], [0, 1]), values: new Float32Array(4), bags }, 1);
    const after = network.tables[0].values;
    expect([...after.subarray(0, 2)]).toEqual([0, 0]);
    expect([...after.subarray(2, 4)]).not.toEqual([...before.subarray(2, 4)]);
    expect([...after.subarray(4, 6)]).toEqual([...before.subarray(4, 6)]);
  });
});
