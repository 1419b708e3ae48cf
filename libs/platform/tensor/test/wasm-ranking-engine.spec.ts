/** The ranking step on our own kernels: by the conformance suite, and at a size with several tasks in each phase. */
import workerThreads from 'node:worker_threads';
import { createRandom, createTable, initialiseStack, type Random } from '@watchnext/learning';
import {
  type Bags,
  engineDeviations,
  type RankingBatch,
  type RankingEngineFactory,
  type RankingNetwork,
  referenceRankingEngine,
} from '@watchnext/ranking-model';
import { TablesTooLargeError, wasmRankingEngine } from '../src';
import { KERNEL_CHOICES } from './kernel-choices';

const BATCH_SIZE = 150;
const INPUT_SIZE = 71;
const HEADS = 2;

/** Tables of odd widths, one with enough rows to be shared out, in columns that numbers stand between. */
function network(): RankingNetwork {
  const random = createRandom(8);
  return {
    inputSize: INPUT_SIZE,
    batchSize: BATCH_SIZE,
    tables: [createTable(700, 9, random, 0.3), createTable(30, 5, random, 0.3), createTable(1, 2, random, 0.3)],
    inputs: [
      { table: 1, from: 50 },
      { table: 0, from: 3 },
      { table: 0, from: 12 },
      { table: 2, from: 69 },
    ],
    tower: initialiseStack([INPUT_SIZE, 50, 37, HEADS], random),
    learningRate: 0.01,
    tableLearningRate: 0.05,
    tableDecay: 1e-3,
    gradientClip: 0,
  };
}

function bagsOf(rowCount: number, longest: number, rows: number, random: Random): Bags {
  const offsets = new Int32Array(rowCount + 1);
  const all: number[] = [];
  for (let i = 0; i < rowCount; i++) {
    for (let n = random.nextInt(longest + 1); n > 0; n--) all.push(random.nextInt(rows));
    offsets[i + 1] = all.length;
  }
  return { rows: Int32Array.from(all), offsets };
}

/** @param longest bag: longer than the engine first has room for, where it is 5 */
function drawBatch(seed: number, rowCount: number, longest: number): RankingBatch {
  const random = createRandom(seed);
  const { tables, inputs } = network();
  return {
    rowCount,
    values: Float32Array.from({ length: rowCount * INPUT_SIZE }, () => random.next()),
    bags: inputs.map(({ table }) => bagsOf(rowCount, longest, tables[table].rowCount, random)),
    positiveWeights: Float32Array.from({ length: rowCount * HEADS }, () => Math.max(0, random.gaussian())),
    negativeWeights: Float32Array.from({ length: rowCount * HEADS }, () => random.next()),
  };
}

const BATCHES = [drawBatch(1, BATCH_SIZE, 1), drawBatch(2, 37, 2), drawBatch(3, BATCH_SIZE, 5), drawBatch(4, 1, 1)];

async function train(create: RankingEngineFactory) {
  const { tables, ...rest } = network();
  const engine = await create({ ...rest, tables });
  const losses: number[] = [];
  for (const batch of BATCHES) losses.push(await engine.step(batch, 0.7));
  const tower = await engine.finish();
  await engine.dispose();
  return { losses, tables, tower };
}

const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((largest, x, i) => Math.max(largest, Math.abs(x - b[i])), 0);

describe.each(KERNEL_CHOICES)('on the kernels %s', (_name, kernels) => {
  it.each([1, 3])('the step is the arithmetic of the model on %i threads', async (threads) => {
    const deviations = await engineDeviations(wasmRankingEngine({ threads, kernels }));
    expect(deviations.length).toBeGreaterThan(15);
    expect(deviations.filter(({ relativeError, tolerance }) => !(relativeError <= tolerance))).toEqual([]);
  });

  it('gives the same bytes on one thread, two and five, and a second time', async () => {
    const alone = await train(wasmRankingEngine({ threads: 1, kernels }));
    for (const threads of [1, 2, 5]) expect(await train(wasmRankingEngine({ threads, kernels }))).toEqual(alone);
  });

  it('trains as the reference does', async () => {
    const ours = await train(wasmRankingEngine({ threads: 2, kernels }));
    const theirs = await train(referenceRankingEngine);
    ours.losses.forEach((loss, i) => expect(loss).toBeCloseTo(theirs.losses[i], 4));
    ours.tables.forEach(({ values }, i) =>
      expect(largestDifference(values, theirs.tables[i].values)).toBeLessThan(1e-3),
    );
    ours.tower.forEach(({ weights }, i) =>
      expect(largestDifference(weights, theirs.tower[i].weights)).toBeLessThan(1e-3),
    );
  });

  it('gives NaN for a batch with a NaN, and steps no further', async () => {
    const given = network();
    const engine = await wasmRankingEngine({ threads: 1, kernels })(given);
    const before = given.tables[0].values.slice();
    const values = BATCHES[0].values.slice();
    values[INPUT_SIZE - 30] = NaN;
    expect(await engine.step({ ...BATCHES[0], values }, 1)).toBeNaN();
    await engine.finish();
    expect(given.tables[0].values).toEqual(before);
    await engine.dispose();
  });
});

it('refuses a batch that is too large, a tower of other rows, and inputs that overlap', async () => {
  const create = wasmRankingEngine({ threads: 1 });
  const engine = await create({ ...network(), batchSize: 10 });
  expect(() => engine.step(BATCHES[1], 1)).toThrow('a batch of 37 rows; at most 10');
  await engine.dispose();
  expect(() => create({ ...network(), inputSize: 72 })).toThrow('the rows have 72');
  const inputs = [
    { table: 0, from: 3 },
    { table: 1, from: 8 },
  ];
  expect(() => create({ ...network(), inputs })).toThrow('begins in column 8, where another one ends in 12');
});

it('says where tables do not fit into what WebAssembly can address', () => {
  const given = network();
  const tables = [{ ...given.tables[0], rowCount: 2 ** 27 }, ...given.tables.slice(1)];
  expect(() => wasmRankingEngine({ threads: 1 })({ ...given, tables })).toThrow(TablesTooLargeError);
});

it('leaves no threads behind where a batch does not fit beside the tables', () => {
  const thread = jest.spyOn(workerThreads, 'Worker');
  // So much scratch memory is not to be had.
  expect(() => wasmRankingEngine({ threads: 2 ** 24 })(network())).toThrow(TablesTooLargeError);
  expect(thread).not.toHaveBeenCalled();
  thread.mockRestore();
});
