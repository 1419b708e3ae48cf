/** What every CandidateEngine must do, in numbers. A new engine's spec calls this with its factory. */
import {
  inputLayout,
  type CandidateBatch,
  type CandidateEngine,
  type CandidateEngineFactory,
  type CandidateEngineSetup,
  type CandidateTables,
} from '@watchnext/candidate-model';
import { Adam, AliasSampler, createRandom, createTable, RowwiseAdagrad, tableFromValues } from '@watchnext/learning';
import {
  AGE_KNOTS,
  batchFor,
  FORMS,
  FULL_BATCH,
  inputsOf,
  SMALL_BATCH,
  TABLE_NAMES,
  tinySetup,
  VIDEOS,
} from './candidate-engine-fixtures';
import { referenceLoss } from './candidate-engine-reference';

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

  it.each([
    [false, 0],
    [true, 0],
    [false, 0.2],
    [true, 0.2],
  ])('steps by row-wise Adagrad on the tables and Adam on the tower (tied: %p, decay %p)', async (tied, tableDecay) => {
    const form = { tied, inputDropout: 0.3, hiddenDropout: 0.4, ...(tableDecay ? { tableDecay } : {}) };
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
        const { values, dimensions } = expected.tables[name];
        for (const row of usesIn(batch, expected, name)) {
          adagrad[table].add(row, values, row * dimensions, tableDecay / batch.inputs.rowCount);
        }
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

  it.each([1, 2])(
    'estimates the partition function of the full softmax without bias, of %i interests',
    async (interests) => {
      const engine = await open({ ...tinySetup('mean', { interests }), batchSize: 1, negativeCount: VIDEOS });
      const weights = Array.from({ length: VIDEOS }, (_, video) => 1 / (video + 2));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const one = { inputs: inputsOf([{ history: [1, 4] }], () => 0.5), labels: Int32Array.of(3), dropoutSeed: 1 };
      // Z over the label's own term.
      const partitionOf = async (negatives: Int32Array, expectedCountOf: (video: number) => number) => {
        const negativeLogExpectedCounts = Float32Array.from(negatives, (row) => Math.log(expectedCountOf(row - 1)));
        return Math.exp((await engine.gradients({ ...one, negatives, negativeLogExpectedCounts })).loss);
      };
      const whole = await partitionOf(
        Int32Array.from(weights, (_, video) => 1 + video),
        () => 1,
      );
      const sampler = new AliasSampler(weights);
      const random = createRandom(6);
      const drawn: number[] = [];
      while (drawn.length < 1_500) {
        const negatives = Int32Array.from({ length: 4 }, () => 1 + sampler.sample(random));
        drawn.push(await partitionOf(negatives, (video) => (4 * weights[video]) / total));
      }
      const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
      const error = Math.sqrt(drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0)) / drawn.length;
      expect(error).toBeLessThan(0.02 * whole);
      expect(Math.abs(mean - whole)).toBeLessThan(4 * error);
    },
  );

  it('gives a video the score of the interest that scores it highest, and that one alone the gradient', async () => {
    const setup = tinySetup('mean-and-last', { interests: 3 });
    const { dimensions } = setup.tables.output;
    const last = setup.tower.at(-1)!;
    // So far out, for videos of positive numbers, that vector 0 scores every one of them highest.
    last.bias.fill(9, 0, dimensions);
    setup.tables.output.values.forEach((value, i) => (setup.tables.output.values[i] = Math.abs(value)));
    const { loss, tower } = await (await open(setup)).gradients(FULL_BATCH);
    expect(loss).toBeCloseTo(referenceLoss(setup, FULL_BATCH, 'mean-and-last'), 5);
    const bias = [...tower.at(-1)!];
    expect(bias.slice(0, dimensions).some((gradient) => gradient !== 0)).toBe(true);
    expect(bias.slice(dimensions)).toEqual(new Array(2 * dimensions).fill(0));
  });

  it.each([
    ['mean-and-last', { tied: false }],
    ['query-heads', { tied: true }],
    ['position-heads', { tied: true, interests: 3 }],
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

  it.each([
    ['watched', {}],
    ['output', {}],
    ['watched', { temperature: 0.3 }],
    ['output', { temperature: 0.3 }],
    ['watched', { interests: 2 }],
    ['output', { interests: 2 }],
  ] as const)('reports NaN, and changes nothing, when a number of "%s" broke: %j', async (name, change) => {
    const setup = tinySetup('mean-and-last', change);
    setup.tables[name].values[3 * 2] = NaN;
    const before = setup.tables.countries.values.slice();
    const engine = await open(setup);
    expect(await engine.step(FULL_BATCH, 1)).toBeNaN();
    const tower = await engine.read();
    expect(tower).toEqual(setup.tower);
    expect(setup.tables.countries.values).toEqual(before);
  });

  it('keeps vectors of zeros with a temperature: they have no direction, and no gradient', async () => {
    const setup = tinySetup('mean', { temperature: 0.3 });
    setup.tables.output.values.fill(0, 3 * 3, 3 * 4);
    const engine = await open(setup);
    const { loss, tables } = await engine.gradients(FULL_BATCH);
    expect(loss).toBeCloseTo(referenceLoss(setup, FULL_BATCH, 'mean'), 5);
    expect([...(tables.output.get(3) ?? [])].every((x) => x === 0)).toBe(true);
    await engine.step(FULL_BATCH, 1);
    await engine.read();
    expect([...setup.tables.output.values.slice(9, 12)]).toEqual([0, 0, 0]);
    for (const name of TABLE_NAMES) expect(setup.tables[name].values.every(Number.isFinite)).toBe(true);
  });

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

/** Rows of a table that a batch uses under 'query-heads', each as often as it does. */
function usesIn(
  { inputs, labels, negatives }: CandidateBatch,
  { tables }: CandidateEngineSetup,
  name: string,
): number[] {
  const { history, historyStarts, searchTokens, countries, devices } = inputs;
  const last = [...historyStarts.slice(1)].flatMap((end, i) => (end > historyStarts[i] ? [history[end - 1]] : []));
  const ofOutput = [...labels, ...negatives];
  const once = ({ rowCount }: { rowCount: number }) => Array.from({ length: rowCount - 1 }, (_, i) => i + 1);
  const isTied = tables.output === tables.watched;
  const uses: Record<string, readonly number[]> = {
    watched: [...history, ...last, ...(isTied ? ofOutput : [])],
    output: ofOutput,
    searchTokens: [...searchTokens],
    countries: [...countries],
    devices: [...devices],
    positions: once(tables.positions),
    queries: once(tables.queries),
  };
  return uses[name].filter((row) => row > 0);
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
