import { type CandidateExample, DAY_MS } from '@watchnext/features';
import type { NamedTensors, TrainingCheckpoints } from '@watchnext/learning';
import { exampleOf } from '../test/builders';
import { base, CONFIG, EXAMPLES, scripted, WINDOW_END_MS } from '../test/scripted-training';
import type { AgeReport } from './age-window';
import { defaultCandidateConfig } from './config';
import type { CandidateEngineFactory } from './engine';
import type { CandidateModel } from './model';
import { trainCandidateModel } from './training';
import type { CandidateTrainingProgress } from './training-options';
import { newOptimizerState } from './training-state';
import { validationCutoff } from './validation';

describe('trainCandidateModel', () => {
  it('shows each epoch the same number of examples of each user, in batches with fresh negatives', async () => {
    const { record, createEngine } = scripted();
    await trainCandidateModel({ ...base, createEngine });
    const rowCounts = record.batches.map((batch) => batch.inputs.rowCount);
    expect(rowCounts).toEqual([32, 32, 32, 24, 32, 32, 32, 24, 32, 32, 32, 24]);
    expect(record.batches.every((batch) => batch.negatives.length === 6)).toBe(true);
    expect(record.batches[0].negatives).not.toEqual(record.batches[1].negatives);
    expect(record.closed).toBe(1);
  });

  it('shows no example whose label the history holds, unless lists may hold what was watched; its video is known all the same', async () => {
    const again = EXAMPLES.map((example) => {
      const { watchedVideoIds } = example.features;
      return { ...example, labelVideoId: watchedVideoIds[0] ?? example.labelVideoId };
    });
    const rewatched = again.filter(({ labelVideoId, features }) => features.watchedVideoIds.includes(labelVideoId));
    const options = {
      ...base,
      examples: [
        ...EXAMPLES,
        ...rewatched,
        exampleOf('w', 'only again', WINDOW_END_MS, { watchedVideoIds: ['only again'] }),
      ],
      config: { ...CONFIG, epochCount: 1, examplesPerUserPerEpoch: 100 },
    };
    const shown = async (rewatches: boolean) => {
      const { record, createEngine } = scripted();
      const model = await trainCandidateModel({ ...options, rewatches, createEngine });
      expect(model.videoIds).toContain('only again');
      return record.batches.reduce((sum, { inputs }) => sum + inputs.rowCount, 0);
    };
    expect(rewatched.length).toBeGreaterThan(100);
    expect(await shown(false)).toBe(EXAMPLES.length);
    expect(await shown(true)).toBe(options.examples.length);
  });

  it('takes every video once, expected once, where as many negatives are wanted as there are videos', async () => {
    const { record, createEngine } = scripted();
    await trainCandidateModel({ ...base, config: { ...CONFIG, negativeCount: 30 }, createEngine });
    const all = Int32Array.from({ length: 26 }, (_, video) => video + 1);
    expect(record.batches.every(({ negatives }) => all.every((video, i) => negatives[i] === video))).toBe(true);
    expect(record.batches[0].negativeLogExpectedCounts.every((log) => log === 0)).toBe(true);
  });

  it('takes every video once with the default for fewer videos, too, as when a model is trained on', async () => {
    const { negativeCount } = defaultCandidateConfig({ videoCount: 12, exampleCount: EXAMPLES.length });
    const { record, createEngine } = scripted();
    await trainCandidateModel({ ...base, config: { ...CONFIG, negativeCount }, createEngine });
    expect(record.batches.every(({ negatives }) => negatives.length === 26)).toBe(true);
  });

  it.each([
    [1_000, 26],
    [26, 26],
    [6, 6],
  ])('asked for %p negatives, asks of the engine room for %p where there are 26 videos', async (asked, room) => {
    const { createEngine } = scripted((_, { negativeCount }) => negativeCount);
    const losses: (number | undefined)[] = [];
    await trainCandidateModel({
      ...base,
      config: { ...CONFIG, negativeCount: asked },
      createEngine,
      onProgress: ({ loss }) => losses.push(loss),
    });
    expect(new Set(losses)).toEqual(new Set([room]));
  });

  it('is the same training for as many negatives as there are videos, and for more', async () => {
    const run = async (negativeCount: number) => {
      const { record, createEngine } = scripted();
      const model = await trainCandidateModel({ ...base, config: { ...CONFIG, negativeCount }, createEngine });
      return { batches: record.batches, tensors: model.toParts().tensors };
    };
    expect(await run(1_000)).toEqual(await run(26));
  });

  it('leaves the correction out when told to', async () => {
    const { record, createEngine } = scripted();
    await trainCandidateModel({ ...base, config: { ...CONFIG, logQCorrection: false }, createEngine });
    expect(record.batches.every((batch) => batch.negativeLogExpectedCounts.every((log) => log === 0))).toBe(true);
  });

  it('seeds the dropout of each batch anew', async () => {
    const { record, createEngine } = scripted();
    await trainCandidateModel({ ...base, createEngine });
    expect(new Set(record.batches.map((batch) => batch.dropoutSeed)).size).toBe(record.batches.length);
  });

  it('gives labels their age against the end of the window, as a share of its length', async () => {
    const { record, createEngine } = scripted();
    await trainCandidateModel({ ...base, createEngine });
    const ages = record.batches.flatMap(({ inputs }) =>
      Array.from(
        { length: inputs.rowCount },
        (_, row) => inputs.reals.at(((row + 1) * inputs.reals.length) / inputs.rowCount - 1) ?? NaN,
      ),
    );
    expect(Math.max(...ages)).toBe(1); // user 0's first watch, at the window's beginning
    expect(Math.min(...ages)).toBeCloseTo(9 / 20, 3);
  });

  it('gives other examples the ages that they have without one that is dated far back, and tells of it', async () => {
    const agesWith = async (examples: readonly CandidateExample[]) => {
      const { record, createEngine } = scripted();
      const told: AgeReport[] = [];
      await trainCandidateModel({ ...base, examples, createEngine, onOddAges: (ages) => told.push(ages) });
      const ages = record.batches.flatMap(({ inputs: { reals, rowCount } }) =>
        Array.from({ length: rowCount }, (_, row) => reals[((row + 1) * reals.length) / rowCount - 1]),
      );
      return { least: Math.min(...ages), told };
    };
    expect((await agesWith(EXAMPLES)).told).toEqual([]);
    const { least, told } = await agesWith([exampleOf('u0', 'v1', WINDOW_END_MS - 20_000 * DAY_MS), ...EXAMPLES]);
    expect(told).toEqual([expect.objectContaining({ oldestDays: 20_000 })]);
    expect(least).toBeCloseTo(9 / 20, 1);
  });

  it('asks at the age of the newest labels where the end of the window has none', async () => {
    const config = { ...CONFIG, exampleAgeKnots: 3 };
    const { record, createEngine: recorded } = scripted();
    const model = await trainCandidateModel({ ...base, config, createEngine: recorded });
    expect(model.ages.leastDays).toBeUndefined();
    const late = await trainCandidateModel({ ...base, config, windowEndMs: 40 * DAY_MS, createEngine: recorded });
    expect(late.ages.leastDays).toBeCloseTo(29, 3);
    const row = new Float32Array(late.inputSize);
    late.writeInput(EXAMPLES[0].features, 0, row, 0);
    // Knots that no example of the second training had are not lit by asking.
    const lit = (reals: Float32Array) => [...reals.slice(-3)].map((share) => share > 0);
    const trained = record.batches.slice(-12).map(({ inputs: { reals, rowCount } }) => {
      const width = reals.length / rowCount;
      return Array.from({ length: rowCount }, (_, i) => lit(reals.slice(i * width, (i + 1) * width)));
    });
    expect(trained.flat().some(([present]) => present)).toBe(false);
    expect(lit(row)[0]).toBe(false);
  });

  it('does the same again for the same seed, and something else for another', async () => {
    const run = async (seed: number) => {
      const { record, createEngine } = scripted();
      const model = await trainCandidateModel({ ...base, seed, createEngine });
      return { batches: record.batches, parts: model.toParts() };
    };
    const first = await run(1);
    expect(await run(1)).toEqual(first);
    const other = await run(2);
    expect(other.batches).not.toEqual(first.batches);
    expect(other.parts).not.toEqual(first.parts);
  });

  it.each([NaN, Infinity])('stops at a loss of %p and names the batch', async (loss) => {
    const { record, createEngine } = scripted((step) => (step === 7 ? loss : 1));
    const run = trainCandidateModel({ ...base, createEngine });
    await expect(run).rejects.toThrow(`the loss is ${loss} at epoch 2, batch 3 (step 7, seed 1)`);
    expect(record.closed).toBe(1);
  });

  it('names some examples of the batch whose loss is not finite, labels out of vocabulary not counted', async () => {
    const { record, createEngine } = scripted((step) => (step === 7 ? NaN : 1));
    // v0 and v25 are watched once each, by the first and the last user: they are not among the 24 that are kept.
    const config = { ...CONFIG, maxVideos: 24 };
    const error = (await trainCandidateModel({ ...base, config, createEngine }).catch((one: unknown) => one)) as Error;
    const [, count, named] = /among its (\d+) examples (.*)$/.exec(error.message)!;
    const { labels, inputs } = record.batches[6];
    expect(Number(count)).toBe(labels.length);
    const names = [...named.matchAll(/(v\d+) of user (u\d+)/g)];
    expect(names).toHaveLength(3);
    const { videoIds } = await trainCandidateModel({ ...base, config, createEngine: scripted().createEngine });
    names.forEach(([, labelVideoId, userId], row) => {
      expect(videoIds[labels[row] - 1]).toBe(labelVideoId);
      const example = EXAMPLES.find((one) => one.userId === userId && one.labelVideoId === labelVideoId)!;
      const known = example.features.watchedVideoIds.filter((id) => videoIds.includes(id));
      const history = inputs.history.subarray(inputs.historyStarts[row], inputs.historyStarts[row + 1]);
      expect([...history].map((index) => videoIds[index - 1])).toEqual(known);
    });
  });

  it('stops when the signal says so, with its reason, and closes the engine', async () => {
    const abort = new AbortController();
    const { record, createEngine } = scripted((step) => {
      if (step === 2) abort.abort(new Error('shutting down'));
      return 1;
    });
    await expect(trainCandidateModel({ ...base, createEngine, signal: abort.signal })).rejects.toThrow('shutting down');
    expect(record.batches.length).toBeLessThan(12);
    expect(record.closed).toBe(1);
  });

  it('tells of a training that goes on how many of its steps an earlier run did', async () => {
    let saved: NamedTensors | undefined;
    const checkpoints: TrainingCheckpoints = {
      engine: 'an engine',
      load: async () => saved,
      save: async (_key, state) => void (saved = state),
      discard: async (_key, reason) => Promise.reject(reason),
    };
    /** A scripted engine whose optimizers can be kept. */
    const keeping = (inner: CandidateEngineFactory): CandidateEngineFactory => {
      return async (setup) => ({ ...(await inner(setup)), readOptimizers: async () => newOptimizerState(setup) });
    };
    const run = async (abort: AbortController, onStep: (step: number) => number) => {
      const reports: CandidateTrainingProgress[] = [];
      const createEngine = keeping(scripted(onStep).createEngine);
      const options = { ...base, createEngine, checkpoints, signal: abort.signal };
      await trainCandidateModel({ ...options, onProgress: (news) => reports.push(news) }).catch(() => undefined);
      expect(reports.every(({ loss }) => loss === undefined || loss === 1)).toBe(true);
      expect(reports.filter((report) => 'loss' in report).length).toBeGreaterThan(0);
      return reports.map(({ step, passedOver }) => [step, passedOver]);
    };
    const abort = new AbortController();
    const before = await run(abort, (step) => {
      if (step === 6) abort.abort(new Error('shutting down'));
      return 1;
    });
    expect(before.every(([, passedOver]) => passedOver === 0)).toBe(true);
    expect(saved).toBeDefined();
    const ends = (await run(new AbortController(), () => 1)).filter(([step]) => step % 4 === 0);
    // Of three epochs of four steps: the second was under way when it was stopped, and done to its end.
    const [firstEnd, ...others] = ends;
    expect(firstEnd).toEqual([4, 4]);
    const passedOver = others[0][1];
    expect(passedOver).toBeGreaterThanOrEqual(6);
    expect(passedOver).toBeLessThanOrEqual(8);
    expect(others).toEqual([
      [8, passedOver],
      [12, passedOver],
    ]);
  });

  it('lets timers run while it trains on an engine that never waits', async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error('a timer ran')), 0);
    const config = { ...CONFIG, epochCount: 1_000_000 };
    const { createEngine } = scripted();
    await expect(trainCandidateModel({ ...base, config, createEngine, signal: abort.signal })).rejects.toThrow(
      'a timer ran',
    );
  });

  it('reports progress over each epoch', async () => {
    const reports: CandidateTrainingProgress[] = [];
    const { createEngine } = scripted((step) => step);
    await trainCandidateModel({ ...base, createEngine, onProgress: (report) => reports.push(report) });
    const ofEpochs = [1, 2, 3].map((epoch) => reports.filter((report) => report.epoch === epoch).at(-1));
    expect(ofEpochs.map((report) => report?.step)).toEqual([4, 8, 12]);
    expect(ofEpochs[0]).toMatchObject({ epochCount: 3, stepCount: 12, loss: (32 * (1 + 2 + 3) + 24 * 4) / 120 });
  });

  it('refuses to train on nothing, on labels from after the window, and with impossible settings', async () => {
    const { createEngine } = scripted();
    await expect(trainCandidateModel({ ...base, examples: [], createEngine })).rejects.toThrow('no examples');
    const late = [...EXAMPLES, exampleOf('late', 'v1', WINDOW_END_MS + 1)];
    await expect(trainCandidateModel({ ...base, examples: late, createEngine })).rejects.toThrow(
      'v1 of user late is later',
    );
    const config = { ...CONFIG, batchSize: 0 };
    await expect(trainCandidateModel({ ...base, config, createEngine })).rejects.toThrow('batchSize');
  });
});

describe('with validation examples', () => {
  const watches = (count: number) => Array.from({ length: count }, () => exampleOf('new', 'v7', 0));

  /** Puts the validation label at the top or the bottom after each epoch of four steps. */
  const script = (labelLeads: boolean[]) =>
    scripted((step, { tables, tower }) => {
      tower[0].weights.fill(0);
      tower[0].bias.fill(1);
      const leads = labelLeads[Math.ceil(step / 4) - 1];
      const { values, dimensions } = tables.output;
      for (let i = dimensions; i < values.length; i++) values[i] = leads ? -1 : 1;
      const label = 1 + labelIndex;
      values.fill(leads ? step : -step, label * dimensions, (label + 1) * dimensions);
      return 1;
    });
  let labelIndex: number;
  beforeAll(async () => {
    labelIndex = (await trainCandidateModel({ ...base, createEngine: scripted().createEngine })).videoIds.indexOf('v7');
  });

  it('keeps the weights of the best epoch and stops when recall has not risen for `patienceEpochs`', async () => {
    const train = async (validationExamples: readonly CandidateExample[]) => {
      const { record, createEngine } = script([false, true, false, false, false, false]);
      const recalls: (number | undefined)[] = [];
      const model = await trainCandidateModel({
        ...base,
        config: { ...CONFIG, epochCount: 6 },
        createEngine,
        validationExamples,
        onProgress: (report) => report.step % 4 === 0 && recalls.push(report.validationRecall),
      });
      expect(model.videoVectors[labelIndex * 4]).toBe(8);
      return { recalls: recalls.filter((recall) => recall !== undefined), stepCount: record.batches.length };
    };
    expect(await train(watches(40))).toEqual({ recalls: [0, 1, 0, 0], stepCount: 16 });
    // By fewer hits an epoch is the best by chance: nothing ends.
    expect(await train(watches(39))).toEqual({ recalls: [0, 1, 0, 0, 0, 0], stepCount: 24 });
  });

  it('asks for a rank that is not a large part of the catalogue', () => {
    expect([1, 8, 50, 99, 100, 219, 400, 1_000_000].map(validationCutoff)).toEqual([1, 1, 5, 10, 10, 10, 20, 100]);
  });

  it('begins with the rows of an earlier model, and each time with the same', async () => {
    const earlier = await trainCandidateModel({ ...base, seed: 2, createEngine: scripted().createEngine });
    // An engine that computes nothing leaves what training began with.
    const examples = EXAMPLES.filter(({ userId }) => userId > 'u3');
    const warm = () =>
      trainCandidateModel({ ...base, examples, warmStart: earlier, createEngine: scripted().createEngine });
    const [first, second] = [await warm(), await warm()];
    const rowOf = (model: CandidateModel, videoId: string) => {
      const row = model.videoRow(videoId)!;
      return [...model.videoVectors.subarray(row * CONFIG.dimensions, (row + 1) * CONFIG.dimensions)];
    };
    expect(first.videoIds.length).toBeLessThan(earlier.videoIds.length);
    for (const videoId of first.videoIds) expect(rowOf(first, videoId)).toEqual(rowOf(earlier, videoId));
    expect(first.videoVectors).toEqual(second.videoVectors);
  });
});
