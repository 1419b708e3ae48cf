/** The engine of our own kernels at a size with several tasks in each phase; its numbers are the conformance suite's matter. */
import {
  type CandidateBatch,
  type CandidateEngineFactory,
  type CandidateEngineSetup,
  inputLayout,
} from '@watchnext/candidate-model';
import { createRandom, createTable, type EmbeddingTable, initialiseStack, type Random } from '@watchnext/learning';
import { selectBackend, TablesTooLargeError, tfjsCandidateEngine, wasmCandidateEngine } from '../src';
import { KERNEL_CHOICES } from './kernel-choices';

const VIDEOS = 700;
const BATCH_SIZE = 150;
const NEGATIVES = 203;

type Change = Pick<CandidateEngineSetup, 'temperature' | 'interests'>;

function setUp(change: Change = {}): CandidateEngineSetup {
  const random = createRandom(8);
  const watched = createTable(VIDEOS + 1, 20, random, 0.3);
  const tables = {
    watched,
    searchTokens: createTable(41, 12, random, 0.3),
    countries: createTable(5, 4, random, 0.3),
    devices: createTable(4, 3, random, 0.3),
    positions: createTable(51, 6, random, 0.3),
    queries: createTable(7, 20, random, 0.3),
    output: watched,
  };
  const layout = inputLayout(tables, { historyEncoder: 'query-heads', exampleAgeKnots: 3 });
  return {
    layout,
    tables,
    tower: initialiseStack([layout.inputSize, 50, 37, 20 * (change.interests ?? 1)], random),
    batchSize: BATCH_SIZE,
    negativeCount: NEGATIVES,
    denseLearningRate: 0.01,
    tableLearningRate: 0.05,
    inputDropout: 0.2,
    hiddenDropout: 0.3,
    ...change,
  };
}

function ragged(rowCount: number, longest: number, rows: number, random: Random) {
  const lists = Array.from({ length: rowCount }, () =>
    Array.from({ length: random.nextInt(longest + 1) }, () => 1 + random.nextInt(rows)),
  );
  const starts = new Int32Array(rowCount + 1);
  lists.forEach((list, i) => (starts[i + 1] = starts[i] + list.length));
  return { starts, rows: Int32Array.from(lists.flat()) };
}

/** @param longest history: longer than the engine first has room for, where it is 120 */
function drawBatch(seed: number, rowCount: number, longest: number): CandidateBatch {
  const random = createRandom(seed);
  const history = ragged(rowCount, longest, VIDEOS, random);
  const tokens = ragged(rowCount, 9, 40, random);
  const draw = (count: number, below: number, from: number) =>
    Int32Array.from({ length: count }, () => from + random.nextInt(below));
  return {
    inputs: {
      rowCount,
      historyStarts: history.starts,
      history: history.rows,
      searchTokenStarts: tokens.starts,
      searchTokens: tokens.rows,
      countries: draw(rowCount, 5, 0),
      devices: draw(rowCount, 4, 0),
      reals: Float32Array.from({ length: rowCount * setUp().layout.reals.width }, () => random.next()),
    },
    labels: draw(rowCount, VIDEOS, 1),
    negatives: draw(NEGATIVES, VIDEOS, 1),
    negativeLogExpectedCounts: Float32Array.from({ length: NEGATIVES }, () => random.gaussian()),
    dropoutSeed: random.nextInt(2 ** 32),
  };
}

const BATCHES = [drawBatch(1, BATCH_SIZE, 60), drawBatch(2, 37, 20), drawBatch(3, BATCH_SIZE, 120)];

/** Of any number of watches, each at one of the places. */
function withPlaces(batch: CandidateBatch): CandidateBatch {
  const random = createRandom(7);
  const historyPlaces = batch.inputs.history.map(() => 1 + random.nextInt(50));
  return { ...batch, inputs: { ...batch.inputs, historyPlaces } };
}

async function train(create: CandidateEngineFactory, change: Change = {}, batches = BATCHES) {
  const setup = setUp(change);
  const engine = await create(setup);
  const losses: number[] = [];
  for (const batch of batches) losses.push(await engine.step(batch, 0.7));
  const tower = await engine.read();
  await engine.close();
  return { losses, tables: setup.tables, tower };
}

const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((largest, x, i) => Math.max(largest, Math.abs(x - b[i])), 0);

const FORMS: [string, Change, CandidateBatch[]][] = [
  ['as by default', {}, BATCHES],
  ['with a temperature', { temperature: 0.2 }, BATCHES],
  ['with three interests', { interests: 3 }, BATCHES],
  ['with three interests and a temperature', { interests: 3, temperature: 0.2 }, BATCHES],
  ['with places given', {}, BATCHES.map(withPlaces)],
  ['with places given for some batches', {}, [BATCHES[0], withPlaces(BATCHES[1]), BATCHES[2]]],
];

describe.each(FORMS)('%s', (_form, change, batches) => {
  it.each(KERNEL_CHOICES)('%s: gives the same bytes on one thread, two and five', async (_name, kernels) => {
    const alone = await train(wasmCandidateEngine({ threads: 1, kernels }), change, batches);
    for (const threads of [2, 5]) {
      expect(await train(wasmCandidateEngine({ threads, kernels }), change, batches)).toEqual(alone);
    }
  });

  it('trains as the engine on TensorFlow.js does, on all kernels', async () => {
    const theirs = await train(tfjsCandidateEngine(await selectBackend('wasm')), change, batches);
    for (const [, kernels] of KERNEL_CHOICES) {
      const ours = await train(wasmCandidateEngine({ threads: 2, kernels }), change, batches);
      ours.losses.forEach((loss, i) => expect(loss).toBeCloseTo(theirs.losses[i], 4));
      for (const [name, table] of Object.entries(ours.tables) as [keyof typeof ours.tables, EmbeddingTable][]) {
        expect(largestDifference(table.values, theirs.tables[name].values)).toBeLessThan(1e-3);
      }
      ours.tower.forEach(({ weights }, i) =>
        expect(largestDifference(weights, theirs.tower[i].weights)).toBeLessThan(1e-3),
      );
    }
  });
});

it('does all of the work itself once its threads have ended', async () => {
  const alone = await wasmCandidateEngine({ threads: 1 })(setUp());
  const left = await wasmCandidateEngine({ threads: 2 })(setUp());
  await left.close();
  expect(await left.step(BATCHES[0], 1)).toBe(await alone.step(BATCHES[0], 1));
});

it('says where tables do not fit into what WebAssembly can address', async () => {
  const setup = setUp();
  const watched = { ...setup.tables.watched, rowCount: 2 ** 26 };
  const create = wasmCandidateEngine({ threads: 1 });
  await expect(create({ ...setup, tables: { ...setup.tables, watched } })).rejects.toThrow(TablesTooLargeError);
});
