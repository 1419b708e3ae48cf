/** What every CandidateEngine must do, in numbers. A new engine's spec calls this with its factory. */
import {
  hasHeads,
  inputLayout,
  type CandidateBatch,
  type CandidateEngine,
  type CandidateEngineFactory,
  type CandidateEngineSetup,
  type CandidateInputs,
  type CandidateTables,
  type HistoryEncoder,
} from '@watchnext/candidate-model';
import { Adam, createRandom, createTable, initialiseStack, RowwiseAdagrad, tableFromValues } from '@watchnext/learning';
import { referenceLoss } from './candidate-engine-reference';

const TABLE_NAMES = ['watched', 'positions', 'queries', 'searchTokens', 'countries', 'devices', 'output'] as const;
const ENCODERS: HistoryEncoder[] = ['mean', 'mean-and-last', 'position-heads', 'query-heads', 'time-heads'];
const VIDEOS = 7;
const AGE_KNOTS = 2;
/** Of the profile and the example age. */
const REALS = 5 + AGE_KNOTS;

interface TinyForm {
  readonly tied: boolean;
  readonly inputDropout: number;
  readonly hiddenDropout: number;
  readonly temperature?: number;
}
const PLAIN: TinyForm = { tied: false, inputDropout: 0, hiddenDropout: 0 };
const FORMS: [string, HistoryEncoder, TinyForm][] = [
  ...ENCODERS.map((encoder): [string, HistoryEncoder, TinyForm] => [encoder, encoder, PLAIN]),
  ['mean-and-last, tied tables', 'mean-and-last', { ...PLAIN, tied: true }],
  ['query-heads, tied tables, dropout', 'query-heads', { tied: true, inputDropout: 0.3, hiddenDropout: 0.4 }],
  ['time-heads, tied tables, dropout', 'time-heads', { tied: true, inputDropout: 0.3, hiddenDropout: 0.4 }],
  ['mean with a temperature', 'mean', { ...PLAIN, temperature: 0.4 }],
  [
    'query-heads, tied tables, dropout, with a temperature',
    'query-heads',
    { tied: true, inputDropout: 0.3, hiddenDropout: 0.4, temperature: 0.5 },
  ],
];

function tinySetup(encoder: HistoryEncoder, change: Partial<TinyForm> = {}): CandidateEngineSetup {
  const { tied, ...rest }: TinyForm = { ...PLAIN, ...change };
  // A seed for which no ReLU bends within a step of the finite differences.
  const random = createRandom(5);
  const watched = createTable(VIDEOS + 1, 3, random, 0.7);
  const tables: CandidateTables = {
    watched,
    searchTokens: createTable(5, 2, random, 0.7),
    countries: createTable(3, 2, random, 0.7),
    devices: createTable(3, 1, random, 0.7),
    // Three places, one less than the longest history has watches.
    positions: hasHeads(encoder) ? createTable(4, 2, random, 0.7) : createTable(1, 1, random, 0),
    queries: encoder === 'query-heads' ? createTable(3, 3, random, 0.7) : createTable(1, 1, random, 0),
    output: tied ? watched : createTable(VIDEOS + 1, 3, random, 0.7),
  };
  const layout = inputLayout(tables, { historyEncoder: encoder, exampleAgeKnots: AGE_KNOTS });
  const tower = initialiseStack([layout.inputSize, 6, 5, 3], random);
  for (const { bias } of tower) bias.forEach((_, j) => (bias[j] = 0.3 * random.gaussian()));
  const rates = { denseLearningRate: 0.01, tableLearningRate: 0.1 };
  return { layout, tables, tower, batchSize: 4, negativeCount: 5, ...rates, ...rest };
}

interface RowOfIndices {
  readonly history: number[];
  readonly tokens?: number[];
  readonly country?: number;
  readonly device?: number;
}

function inputsOf(rows: readonly RowOfIndices[], real: (row: number, i: number) => number): CandidateInputs {
  const starts = (lists: number[][]) => Int32Array.from([[], ...lists], (_, i) => lists.slice(0, i).flat().length);
  const histories = rows.map((row) => row.history);
  const tokens = rows.map((row) => row.tokens ?? []);
  return {
    rowCount: rows.length,
    historyStarts: starts(histories),
    history: Int32Array.from(histories.flat()),
    searchTokenStarts: starts(tokens),
    searchTokens: Int32Array.from(tokens.flat()),
    countries: Int32Array.from(rows, (row) => row.country ?? 0),
    devices: Int32Array.from(rows, (row) => row.device ?? 0),
    reals: Float32Array.from({ length: rows.length * REALS }, (_, i) => real(Math.floor(i / REALS), i % REALS)),
  };
}

const waves = (row: number, i: number) => 0.5 + 0.5 * Math.sin(3 * row + 2 * i);

/** Repeats in a history, an empty history, ids unknown, repeated negatives, and negatives that are some row's label. */
const FULL_BATCH: CandidateBatch = {
  inputs: inputsOf(
    [
      { history: [1, 2, 2, 5], tokens: [1, 3], country: 1, device: 2 },
      { history: [], tokens: [2], country: 2 },
      { history: [7], device: 1 },
      { history: [3, 1, 4], tokens: [4, 1, 2], country: 1 },
    ],
    waves,
  ),
  labels: Int32Array.of(3, 1, 3, 6),
  negatives: Int32Array.of(1, 4, 4, 3, 2),
  negativeLogExpectedCounts: Float32Array.from([0.9, 1.4, 1.4, 0.3, 0.6], Math.log),
  dropoutSeed: 4_000_000_001,
};

/** Fewer rows and negatives than the engine has room for, and none of them a label. */
const SMALL_BATCH: CandidateBatch = {
  inputs: inputsOf(
    [
      { history: [4, 6], tokens: [1] },
      { history: [2], country: 2, device: 2 },
    ],
    waves,
  ),
  labels: Int32Array.of(5, 3),
  negatives: Int32Array.of(1, 7, 2),
  negativeLogExpectedCounts: Float32Array.from([0.5, 0.25, 1.1], Math.log),
  dropoutSeed: 17,
};

/** With a place for each watch, of the three that there are: repeats, and none in order. */
function batchFor(encoder: HistoryEncoder, batch: CandidateBatch): CandidateBatch {
  if (encoder !== 'time-heads') return batch;
  const historyPlaces = batch.inputs.history.map((video, i) => 1 + ((5 * video + i) % 3));
  return { ...batch, inputs: { ...batch.inputs, historyPlaces } };
}

export function candidateEngineConformance(factory: () => CandidateEngineFactory): void {
  const opened: CandidateEngine[] = [];
  const open = async (setup: CandidateEngineSetup) => {
    const engine = await factory()(setup);
    opened.push(engine);
    return engine;
  };
  afterEach(async () => {
    for (const engine of opened.splice(0)) await engine.close();
  });

  it('has the loss that a calculation by hand gives', async () => {
    // One dimension and a tower that passes the mean of the history on: u = 2, with logits 2·v.
    const tables: CandidateTables = {
      watched: tableFromValues([0, 1, 3], 1),
      searchTokens: createTable(1, 1, createRandom(1), 1),
      countries: createTable(1, 1, createRandom(1), 1),
      devices: createTable(1, 1, createRandom(1), 1),
      positions: createTable(1, 1, createRandom(1), 0),
      queries: createTable(1, 1, createRandom(1), 0),
      output: tableFromValues([0, 0.5, -1, 0.25], 1),
    };
    const layout = inputLayout(tables, { historyEncoder: 'mean', exampleAgeKnots: AGE_KNOTS });
    const weights = Float32Array.from({ length: layout.inputSize }, (_, i) => (i === 0 ? 1 : 0));
    const tower = [
      { inputSize: layout.inputSize, outputSize: 1, weights, bias: new Float32Array(1), activation: 'linear' as const },
    ];
    const engine = await open({
      layout,
      tables,
      tower,
      batchSize: 1,
      negativeCount: 4,
      denseLearningRate: 0.1,
      tableLearningRate: 0.1,
      inputDropout: 0,
      hiddenDropout: 0,
    });
    const { loss } = await engine.gradients({
      inputs: inputsOf([{ history: [1, 2] }], () => 0),
      labels: Int32Array.of(1),
      // Video 2 twice, once expected at 0.5 each; video 3; and the label itself, which must not count twice.
      negatives: Int32Array.of(2, 3, 2, 1),
      negativeLogExpectedCounts: Float32Array.from([0.5, 1, 0.5, 2], Math.log),
      dropoutSeed: 1,
    });
    const partition = Math.exp(1) + 2 * (Math.exp(-2) / 0.5) + Math.exp(0.5) / 1;
    expect(loss).toBeCloseTo(Math.log(partition) - 1, 5);
  });

  describe.each(FORMS)('in the form %s', (_form, encoder, change) => {
    it.each([
      ['a full batch', FULL_BATCH],
      ['a batch with room left', SMALL_BATCH],
    ])('has the loss of the reference on %s', async (_, batch) => {
      const setup = tinySetup(encoder, change);
      const engine = await open(setup);
      const { loss } = await engine.gradients(batchFor(encoder, batch));
      expect(loss).toBeCloseTo(referenceLoss(setup, batchFor(encoder, batch), encoder), 5);
    });

    it.each(TABLE_NAMES)('has the gradient of the table "%s" that finite differences give', async (name) => {
      const setup = tinySetup(encoder, change);
      const batch = batchFor(encoder, FULL_BATCH);
      const { tables } = await (await open(setup)).gradients(batch);
      const { values, dimensions, rowCount } = setup.tables[name];
      const expected = differences(values, () => referenceLoss(setup, batch, encoder));
      for (let row = 1; row < rowCount; row++) {
        const actual = tables[name].get(row) ?? new Float32Array(dimensions);
        expectClose(actual, expected.slice(row * dimensions, (row + 1) * dimensions), 1e-4);
      }
      expect(tables[name].has(0)).toBe(false);
    });

    it('has the gradients of the tower that finite differences give', async () => {
      const setup = tinySetup(encoder, change);
      const batch = batchFor(encoder, FULL_BATCH);
      const { tower } = await (await open(setup)).gradients(batch);
      const parameters = setup.tower.flatMap((layer) => [layer.weights, layer.bias]);
      expect(tower.length).toBe(parameters.length);
      parameters.forEach((parameter, i) => {
        expectClose(
          tower[i],
          differences(parameter, () => referenceLoss(setup, batch, encoder)),
          1e-4,
        );
      });
    });
  });

  it.each([false, true])('steps by row-wise Adagrad on the tables and Adam on the tower (tied: %p)', async (tied) => {
    const form = { tied, inputDropout: 0.3, hiddenDropout: 0.4 };
    const setup = tinySetup('query-heads', form);
    const expected = tinySetup('query-heads', form);
    const engine = await open(setup);
    const names = TABLE_NAMES.filter((name) => name !== 'output' || !tied);
    const adagrad = names.map(
      (name) => new RowwiseAdagrad(expected.tables[name], { learningRate: setup.tableLearningRate }),
    );
    const adam = new Adam(
      expected.tower.flatMap((layer) => [layer.weights, layer.bias]),
      { learningRate: setup.denseLearningRate },
    );
    const batches = [FULL_BATCH, SMALL_BATCH, { ...FULL_BATCH, dropoutSeed: 5 }];
    for (const [i, batch] of batches.entries()) {
      const scale = [1, 0.5, 0.25][i];
      const { loss, tables, tower } = await engine.gradients(batch);
      names.forEach((name, table) => {
        for (const [row, gradient] of tables[name]) adagrad[table].add(row, gradient, 0, 1);
        adagrad[table].learningRate = setup.tableLearningRate * scale;
        adagrad[table].step();
      });
      adam.learningRate = setup.denseLearningRate * scale;
      adam.step(tower);
      expect(await engine.step(batch, scale)).toBe(loss);
    }
    const tower = await engine.read();
    for (const name of TABLE_NAMES) expectClose(setup.tables[name].values, expected.tables[name].values, 1e-6);
    tower.forEach((layer, i) => {
      expectClose(layer.weights, expected.tower[i].weights, 1e-6);
      expectClose(layer.bias, expected.tower[i].bias, 1e-6);
    });
  });

  it.each([
    ['mean-and-last', { tied: false }],
    ['query-heads', { tied: true }],
  ] as const)(
    'goes on from the state of another engine to the same bytes, with encoder %s',
    async (encoder, change) => {
      const [whole, first, second] = [1, 2, 3].map(() => tinySetup(encoder, change));
      const uninterrupted = await open(whole);
      for (const batch of [FULL_BATCH, SMALL_BATCH, FULL_BATCH]) await uninterrupted.step(batch, 1);
      const before = await open(first);
      for (const batch of [FULL_BATCH, SMALL_BATCH]) await before.step(batch, 1);
      const tower = await before.read();
      for (const [name, { values }] of Object.entries(first.tables)) {
        second.tables[name as keyof CandidateTables].values.set(values);
      }
      const after = await open({ ...second, tower, optimizers: await before.readOptimizers() });
      await after.step(FULL_BATCH, 1);
      expect(await after.read()).toEqual(await uninterrupted.read());
      expect(second.tables).toEqual(whole.tables);
      expect(await after.readOptimizers()).toEqual(await uninterrupted.readOptimizers());
    },
  );

  it('changes nothing when asked for gradients only', async () => {
    const setup = tinySetup('mean-and-last');
    const engine = await open(setup);
    await engine.gradients(FULL_BATCH);
    const tower = await engine.read();
    expect(setup.tables).toEqual(tinySetup('mean-and-last').tables);
    expect(tower).toEqual(setup.tower);
  });

  it('leaves row 0, rows that no batch touched, and the tower it was given as they were', async () => {
    const setup = tinySetup('mean-and-last');
    const before = tinySetup('mean-and-last');
    const engine = await open(setup);
    for (let step = 0; step < 3; step++) await engine.step(SMALL_BATCH, 1);
    await engine.read();
    const rowOf = ({ values }: { values: Float32Array }, row: number) => [...values.slice(3 * row, 3 * row + 3)];
    for (const name of TABLE_NAMES) expect(setup.tables[name].values[0]).toBe(0);
    expect(rowOf(setup.tables.watched, 0)).toEqual([0, 0, 0]);
    expect(rowOf(setup.tables.output, 0)).toEqual([0, 0, 0]);
    expect(rowOf(setup.tables.watched, 1)).toEqual(rowOf(before.tables.watched, 1));
    expect(rowOf(setup.tables.output, 6)).toEqual(rowOf(before.tables.output, 6));
    expect(rowOf(setup.tables.watched, 4)).not.toEqual(rowOf(before.tables.watched, 4));
    expect(setup.tower).toEqual(before.tower);
  });

  it('keeps nothing of one batch for the next', async () => {
    const setup = tinySetup('mean-and-last');
    const engine = await open(setup);
    const { loss } = await engine.gradients(SMALL_BATCH);
    await engine.gradients(FULL_BATCH);
    expect((await engine.gradients(SMALL_BATCH)).loss).toBe(loss);
  });

  it('gives the same bytes for the same batches', async () => {
    const run = async () => {
      const setup = tinySetup('mean-and-last');
      const engine = await open(setup);
      const losses: number[] = [];
      for (const batch of [FULL_BATCH, SMALL_BATCH, FULL_BATCH]) losses.push(await engine.step(batch, 1));
      const tower = await engine.read();
      return { losses, tables: setup.tables, tower };
    };
    expect(await run()).toEqual(await run());
  });

  it('learns: the loss on the same batch falls', async () => {
    const engine = await open(tinySetup('mean-and-last'));
    const first = await engine.step(FULL_BATCH, 1);
    for (let step = 0; step < 30; step++) await engine.step(FULL_BATCH, 1);
    expect((await engine.gradients(FULL_BATCH)).loss).toBeLessThan(first / 2);
  });

  it.each(['watched', 'output'] as const)(
    'reports NaN, and changes nothing, when a number of "%s" broke',
    async (name) => {
      const setup = tinySetup('mean-and-last');
      setup.tables[name].values[3 * 2] = NaN;
      const before = setup.tables.countries.values.slice();
      const engine = await open(setup);
      expect(await engine.step(FULL_BATCH, 1)).toBeNaN();
      const tower = await engine.read();
      expect(tower).toEqual(setup.tower);
      expect(setup.tables.countries.values).toEqual(before);
    },
  );

  it('stays finite when a label is all but impossible', async () => {
    const setup = tinySetup('mean');
    for (let i = 3; i < setup.tables.output.values.length; i++) setup.tables.output.values[i] *= 200;
    const engine = await open(setup);
    const { loss } = await engine.gradients(FULL_BATCH);
    expect(loss).toBeGreaterThan(20);
    await engine.step(FULL_BATCH, 1);
    await engine.read();
    for (const name of TABLE_NAMES) expect(setup.tables[name].values.every(Number.isFinite)).toBe(true);
  });

  it('refuses a batch that is larger than it was set up for', async () => {
    const engine = await open({ ...tinySetup('mean'), batchSize: 3 });
    await expect(engine.step(FULL_BATCH, 1)).rejects.toThrow(RangeError);
  });
}

/** ∂loss/∂array by central differences; the loss is float64, the array float32. */
function differences(array: Float32Array, loss: () => number): number[] {
  const step = 1e-3;
  return Array.from(array, (value, i) => {
    array[i] = value + step;
    const above = { at: array[i], loss: loss() };
    array[i] = value - step;
    const below = { at: array[i], loss: loss() };
    array[i] = value;
    return (above.loss - below.loss) / (above.at - below.at);
  });
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (Math.abs(actual[i] - expected[i]) > tolerance * (1 + Math.abs(expected[i]))) {
      throw new Error(`number ${i} is ${actual[i]}, expected ${expected[i]}`);
    }
  }
}
