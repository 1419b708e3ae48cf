/**
 * How far an engine is from the arithmetic of the model: one numeric suite for every engine, the reference among them.
 * It knows nothing of the engine's insides: gradients are held to finite differences of a loss computed here in double
 * precision, steps to those of the reference engine.
 */
import {
  createRandom,
  createTable,
  initialiseStack,
  tableFromValues,
  type DenseStack,
  type EmbeddingTable,
  type Random,
} from '@watchnext/learning';
import type { RankingBatch, RankingEngine, RankingEngineFactory, RankingNetwork } from './engine';
import { referenceRankingEngine } from './reference-engine';

export interface EngineDeviation {
  /** What was compared. */
  readonly name: string;
  /** Largest difference, as a share of the largest value compared; NaN if the engine gave one. */
  readonly relativeError: number;
  /** What single precision and the size of the finite differences allow. */
  readonly tolerance: number;
}

const INPUT_SIZE = 14;
const ROW_COUNT = 24;
const HEAD_COUNT = 2;
const STEP_COUNT = 12;
/** Change of a weight for a difference quotient: its error is of the order of 1e-8, far from any float32 rounding. */
const DIFFERENCE = 1e-5;

/** @returns every comparison; an engine conforms when no `relativeError` exceeds its `tolerance` (NaN does). */
export async function engineDeviations(createEngine: RankingEngineFactory): Promise<EngineDeviation[]> {
  const network = newNetwork();
  const batch = newBatch(network, createRandom(1));
  const engine = await createEngine(network);
  const reported = await engine.gradients(batch);
  const deviations = [
    deviation('loss', [reported.loss], [lossOf(network, network.tables, network.tower, batch)], 1e-5),
    deviation(
      'gradient of the tower',
      reported.tower.flatMap((g) => [...g]),
      towerDifferences(network, batch),
      1e-3,
    ),
    deviation(
      'gradient of the tables',
      tableGradient(network, batch, reported.inputs),
      tableDifferences(network, batch),
      1e-3,
    ),
  ];
  const again = await engine.gradients(batch);
  deviations.push(deviation('gradients asked for twice', [...again.inputs], [...reported.inputs], 0));

  const expected = newNetwork();
  const reference = referenceRankingEngine(expected);
  for (let step = 0; step < STEP_COUNT; step++) {
    const random = createRandom(100 + step);
    const rateScale = 1 - step / STEP_COUNT;
    const loss = await engine.step(newBatch(network, random), rateScale);
    const referenceLoss = await reference.step(newBatch(expected, createRandom(100 + step)), rateScale);
    deviations.push(deviation(`loss of step ${step}`, [loss], [referenceLoss], 1e-3));
  }
  const tower = flatten(await engine.finish());
  deviations.push(deviation('tower after the steps', tower, flatten(await reference.finish()), 5e-3));
  network.tables.forEach((table, i) => {
    deviations.push(deviation(`table ${i} after the steps`, [...table.values], [...expected.tables[i].values], 5e-3));
    const zeroRow = [...table.values.subarray(0, table.dimensions)];
    deviations.push(
      deviation(
        `row 0 of table ${i}`,
        zeroRow,
        zeroRow.map(() => 0),
        0,
      ),
    );
  });
  await engine.dispose();
  await reference.dispose();
  return [
    ...deviations,
    ...(await clippedDeviations(createEngine)),
    ...(await offsetDeviations(createEngine)),
    ...(await resumedDeviations(createEngine)),
  ];
}

/** What is added to the logits: the loss and its gradient by them, and steps beside those of the reference. */
async function offsetDeviations(createEngine: RankingEngineFactory): Promise<EngineDeviation[]> {
  const [network, expected] = [newNetwork(), newNetwork()].map((one) => ({ ...one, hasOffsets: true }));
  const batchOf = (of: RankingNetwork, seed: number): RankingBatch => {
    const random = createRandom(seed);
    const logits = Float32Array.from({ length: ROW_COUNT * HEAD_COUNT }, () => random.gaussian());
    return { ...newBatch(of, random), offsets: { logits, gradients: new Float32Array(logits.length) } };
  };
  const engine = await createEngine(network);
  const reference = referenceRankingEngine(expected);
  const batch = batchOf(network, 400);
  const { loss } = await engine.gradients(batch);
  const { logits, gradients } = batch.offsets!;
  const deviations = [
    deviation('loss with offsets', [loss], [lossOf(network, network.tables, network.tower, batch)], 1e-5),
    deviation('gradient of the offsets', [...gradients], differencesOf(network, batch, logits), 1e-3),
  ];
  for (let step = 0; step < 3; step++) {
    const [ours, theirs] = [batchOf(network, 410 + step), batchOf(expected, 410 + step)];
    await engine.step(ours, 1);
    await reference.step(theirs, 1);
    const name = `gradient of the offsets in step ${step}`;
    deviations.push(deviation(name, [...ours.offsets!.gradients], [...theirs.offsets!.gradients], 5e-3));
  }
  const towers = [flatten(await engine.finish()), flatten(await reference.finish())];
  await engine.dispose();
  await reference.dispose();
  return [...deviations, deviation('tower after steps with offsets', towers[0], towers[1], 5e-3)];
}

/** Steps with gradients that are cut off, beside those of the reference. */
async function clippedDeviations(createEngine: RankingEngineFactory): Promise<EngineDeviation[]> {
  const [clipped, expected] = [newNetwork(), newNetwork()].map((network) => ({ ...network, gradientClip: 0.5 }));
  const towers: number[][] = [];
  for (const [network, create] of [
    [clipped, createEngine],
    [expected, referenceRankingEngine],
  ] as const) {
    const engine = await create(network);
    for (let step = 0; step < 3; step++) await engine.step(newBatch(network, createRandom(200 + step)), 1);
    towers.push(flatten(await engine.finish()));
    await engine.dispose();
  }
  return [deviation('tower after steps with clipped gradients', towers[0], towers[1], 5e-3)];
}

/** An engine that goes on from another one's state, beside the other. */
async function resumedDeviations(createEngine: RankingEngineFactory): Promise<EngineDeviation[]> {
  const network = newNetwork();
  const first = await createEngine(network);
  const stepTwice = async (engine: RankingEngine, seed: number) => {
    for (let step = 0; step < 2; step++) await engine.step(newBatch(network, createRandom(seed + step)), 0.8);
  };
  await stepTwice(first, 300);
  const tower = await first.finish();
  const tables = network.tables.map(({ values, dimensions }) => tableFromValues(values, dimensions));
  const optimizers = await first.readOptimizers();
  const resumed: RankingNetwork = { ...network, tables, tower, optimizers };
  const second = await createEngine(resumed);
  await stepTwice(first, 310);
  await stepTwice(second, 310);
  const [expected, actual] = [flatten(await first.finish()), flatten(await second.finish())];
  await first.dispose();
  await second.dispose();
  return [
    deviation('tower of a training that was gone on with', actual, expected, 0),
    ...network.tables.map((table, i) =>
      deviation(`table ${i} of a training that was gone on with`, [...tables[i].values], [...table.values], 0),
    ),
  ];
}

/** Two tables, one of them in two roles, three columns of numbers, a hidden layer or two. */
function newNetwork(): RankingNetwork {
  const random = createRandom(7);
  const tower = initialiseStack([INPUT_SIZE, 9, 5, HEAD_COUNT], random.fork('tower'));
  for (const layer of tower) layer.bias.forEach((_, i) => (layer.bias[i] = 0.1 * random.gaussian()));
  return {
    inputSize: INPUT_SIZE,
    batchSize: ROW_COUNT,
    tables: [createTable(11, 4, random.fork('a'), 0.5), createTable(5, 3, random.fork('b'), 0.5)],
    inputs: [
      { table: 0, from: 0 },
      { table: 1, from: 4 },
      { table: 0, from: 10 },
    ],
    tower,
    learningRate: 0.01,
    tableLearningRate: 0.05,
    tableDecay: 0.01,
    gradientClip: 0,
  };
}

/** Bags of none, one and several rows, repeats among them; rows that are positive and negative at once. */
function newBatch(network: RankingNetwork, random: Random): RankingBatch {
  const values = Float32Array.from({ length: ROW_COUNT * INPUT_SIZE }, () => random.next());
  const bags = network.inputs.map(({ table }) => {
    const rows: number[] = [];
    const offsets = new Int32Array(ROW_COUNT + 1);
    for (let i = 0; i < ROW_COUNT; i++) {
      for (let n = random.nextInt(4); n > 0; n--) rows.push(random.nextInt(network.tables[table].rowCount));
      offsets[i + 1] = rows.length;
    }
    return { rows: Int32Array.from(rows), offsets };
  });
  const weights = (draw: () => number) => Float32Array.from({ length: ROW_COUNT * HEAD_COUNT }, draw);
  return {
    rowCount: ROW_COUNT,
    values,
    bags,
    positiveWeights: weights(() => (random.next() < 0.5 ? 0 : 8 * random.next())),
    negativeWeights: weights(() => (random.next() < 0.2 ? 0 : 1)),
  };
}

/** A value to differ by: `index` of `values` counted as if `change` were added, in double precision. */
interface Change {
  readonly values: Float32Array;
  readonly index: number;
  readonly by: number;
}

/** The loss, in double precision throughout, written down a second time and without any of the engine's code. */
function lossOf(
  network: RankingNetwork,
  tables: readonly EmbeddingTable[],
  tower: DenseStack,
  batch: RankingBatch,
  change?: Change,
): number {
  const at = (values: Float32Array, i: number) =>
    values[i] + (change?.values === values && change.index === i ? change.by : 0);
  let sum = 0;
  for (let row = 0; row < batch.rowCount; row++) {
    let layer = Array.from(batch.values.subarray(row * network.inputSize, (row + 1) * network.inputSize));
    network.inputs.forEach(({ table, from }, input) => {
      const { rows, offsets } = batch.bags[input];
      const bag = [...rows.subarray(offsets[row], offsets[row + 1])];
      const { dimensions, values } = tables[table];
      for (let d = 0; d < dimensions; d++) {
        layer[from + d] = bag.reduce((mean, r) => mean + at(values, r * dimensions + d) / bag.length, 0);
      }
    });
    for (const { inputSize, outputSize, weights, bias, activation } of tower) {
      const input = layer;
      layer = Array.from({ length: outputSize }, (_, j) => {
        let z = at(bias, j);
        for (let i = 0; i < inputSize; i++) z += input[i] * at(weights, i * outputSize + j);
        return activation === 'relu' ? Math.max(0, z) : z;
      });
    }
    layer.forEach((logit, head) => {
      const z = batch.offsets ? logit + at(batch.offsets.logits, row * HEAD_COUNT + head) : logit;
      const [positive, negative] = [batch.positiveWeights, batch.negativeWeights].map(
        (w) => w[row * HEAD_COUNT + head],
      );
      sum += positive * Math.log1p(Math.exp(-z)) + negative * Math.log1p(Math.exp(z));
    });
  }
  return sum / batch.rowCount;
}

function differencesOf(network: RankingNetwork, batch: RankingBatch, values: Float32Array, from = 0): number[] {
  return Array.from(values.subarray(from), (_, i) => {
    const loss = (by: number) => lossOf(network, network.tables, network.tower, batch, { values, index: from + i, by });
    return (loss(DIFFERENCE) - loss(-DIFFERENCE)) / (2 * DIFFERENCE);
  });
}

function towerDifferences(network: RankingNetwork, batch: RankingBatch): number[] {
  return network.tower.flatMap(({ weights, bias }) => [
    ...differencesOf(network, batch, weights),
    ...differencesOf(network, batch, bias),
  ]);
}

/** Of all rows but row 0, which is not trained. */
function tableDifferences(network: RankingNetwork, batch: RankingBatch): number[] {
  return network.tables.flatMap((table) => differencesOf(network, batch, table.values, table.dimensions));
}

/** Sums the reported gradients of the columns into the rows that were used. */
function tableGradient(network: RankingNetwork, batch: RankingBatch, inputs: Float32Array): number[] {
  const sums = network.tables.map((table) => new Float64Array(table.values.length));
  network.inputs.forEach(({ table, from }, input) => {
    const { dimensions } = network.tables[table];
    const { rows, offsets } = batch.bags[input];
    for (let i = 0; i < batch.rowCount; i++) {
      for (let n = offsets[i]; n < offsets[i + 1]; n++) {
        for (let d = 0; d < dimensions; d++) {
          sums[table][rows[n] * dimensions + d] +=
            inputs[i * network.inputSize + from + d] / (offsets[i + 1] - offsets[i]);
        }
      }
    }
  });
  return sums.flatMap((sum, table) => [...sum.subarray(network.tables[table].dimensions)]);
}

function deviation(
  name: string,
  actual: readonly number[],
  expected: readonly number[],
  tolerance: number,
): EngineDeviation {
  if (actual.length !== expected.length) return { name, relativeError: NaN, tolerance };
  let difference = 0;
  let scale = 0;
  expected.forEach((value, i) => {
    difference = Math.max(difference, Math.abs(actual[i] - value));
    scale = Math.max(scale, Math.abs(value));
  });
  return { name, relativeError: difference === 0 ? 0 : difference / (scale || 1), tolerance };
}

function flatten(tower: DenseStack): number[] {
  return tower.flatMap((layer) => [...layer.weights, ...layer.bias]);
}
