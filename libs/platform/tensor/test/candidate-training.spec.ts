/** The candidate model's training from end to end on the engine of WebAssembly: does it learn what there is to learn? */
import {
  defaultCandidateConfig,
  scoreVideos,
  trainCandidateModel,
  type CandidateEngineFactory,
  CandidateModel,
  type CandidateModelConfig,
} from '@watchnext/candidate-model';
import type { CandidateExample, CandidateFeatures } from '@watchnext/features';
import { AliasSampler, createRandom, type NamedTensors, type TrainingCheckpoints } from '@watchnext/learning';
import { trainingEnginesOn, selectBackend, type TensorBackend } from '../src';

jest.setTimeout(120_000); // for machines under load; it takes two seconds

let backend: TensorBackend;
beforeAll(async () => {
  backend = await selectBackend('wasm');
});

const featuresOf = (watchedVideoIds: readonly string[]): CandidateFeatures => ({
  watchedVideoIds,
  watchedAtMs: watchedVideoIds.map((_, i) => i * 3_600_000),
  searchTokens: [],
  country: '',
  device: '',
  loggedIn: true,
  ageYears: 0,
  gender: 0,
});

const scoresOf = (model: CandidateModel, features: CandidateFeatures): number[] => [
  ...scoreVideos(model, model.userVector(features, 0)),
];

describe('where each video was watched twice', () => {
  const CIRCLES = 60;
  const VIDEOS_PER_CIRCLE = 40;
  const USERS = 800;
  const WATCHES = 7;

  /** Each user watches within one circle of viewers, without a favourite among its videos. */
  function world() {
    const random = createRandom(8);
    const examples: CandidateExample[] = [];
    const tests: CandidateExample[] = [];
    for (let user = 0; user < USERS; user++) {
      const videos = new Set<string>();
      while (videos.size < WATCHES) videos.add(`c${user % CIRCLES}-${random.nextInt(VIDEOS_PER_CIRCLE)}`);
      const watches = [...videos];
      watches.forEach((labelVideoId, i) => {
        const features = featuresOf(watches.slice(0, i));
        const example = { userId: `u${user}`, labelVideoId, labelAtMs: i * 3_600_000, features };
        (i === WATCHES - 1 ? tests : examples).push(example);
      });
    }
    return { examples, tests };
  }

  it('recalls by whose viewers they are what training from random weights does not', async () => {
    const { examples, tests } = world();
    const config = defaultCandidateConfig({ videoCount: CIRCLES * VIDEOS_PER_CIRCLE, exampleCount: examples.length });
    const recallOf = async (initialWeights: CandidateModelConfig['initialWeights']) => {
      const model = await trainCandidateModel({
        examples,
        config: { ...config, epochCount: 6, initialWeights },
        windowEndMs: WATCHES * 3_600_000,
        createEngine: trainingEnginesOn(backend, { threads: 2 }).candidate,
        seed: 3,
      });
      const hits = tests.filter(({ labelVideoId, features }) => {
        const row = model.videoRow(labelVideoId);
        const scores = scoresOf(model, features);
        return row !== undefined && scores.filter((score) => score > scores[row]).length < VIDEOS_PER_CIRCLE;
      });
      return hits.length / tests.length;
    };
    const [coWatches, random] = [await recallOf('co-watches'), await recallOf('random')];
    expect(coWatches).toBeGreaterThan(0.8);
    expect(coWatches).toBeGreaterThan(random + 0.2);
  });
});

describe('where users watch within clusters', () => {
  const CLUSTERS = 12;
  const VIDEOS_PER_CLUSTER = 25;
  const USERS = 400;
  const WATCHES = 12;

  /** Each user has one cluster, left in one watch of ten; within a cluster, popularity falls as 1 / rank. */
  function world(): { examples: CandidateExample[]; tests: CandidateExample[] } {
    const random = createRandom(21);
    const popularity = new AliasSampler(Array.from({ length: VIDEOS_PER_CLUSTER }, (_, rank) => 1 / (rank + 1)));
    const examples: CandidateExample[] = [];
    const tests: CandidateExample[] = [];
    for (let user = 0; user < USERS; user++) {
      const home = random.nextInt(CLUSTERS);
      const watches = Array.from({ length: WATCHES }, () => {
        const cluster = random.next() < 0.1 ? random.nextInt(CLUSTERS) : home;
        return `c${cluster}-${popularity.sample(random)}`;
      });
      watches.forEach((labelVideoId, i) => {
        const example = {
          userId: `u${user}`,
          labelVideoId,
          labelAtMs: i * 3_600_000,
          features: featuresOf(watches.slice(0, i)),
        };
        (i === WATCHES - 1 ? tests : examples).push(example);
      });
    }
    return { examples, tests };
  }

  const recallAt = (
    k: number,
    tests: CandidateExample[],
    rankedFor: (example: CandidateExample) => readonly string[],
  ): number => tests.filter((test) => rankedFor(test).slice(0, k).includes(test.labelVideoId)).length / tests.length;

  const { examples, tests } = world();
  const size = { videoCount: CLUSTERS * VIDEOS_PER_CLUSTER, exampleCount: examples.length };
  const config = { ...defaultCandidateConfig(size), batchSize: 256 };
  const train = (change: Partial<CandidateModelConfig>, rewatches = true) =>
    trainCandidateModel({
      examples,
      // Viewers come back to what they watched, and lists here may hold it.
      rewatches,
      config: { ...config, ...change },
      windowEndMs: WATCHES * 3_600_000,
      createEngine: trainingEnginesOn(backend, { threads: 2 }).candidate,
      seed: 3,
    });

  const rankedBy =
    (model: CandidateModel) =>
    ({ features }: CandidateExample): string[] => {
      const scores = scoresOf(model, features);
      return model.videoIds
        .map((id, i) => ({ id, score: scores[i] }))
        .sort((a, b) => b.score - a.score)
        .map(({ id }) => id);
    };

  it('recalls next watches far better than popularity does', async () => {
    const model = await train({});
    const recall = recallAt(10, tests, rankedBy(model));
    const popularityRecall = recallAt(10, tests, () => model.videoIds); // the vocabulary is in order of watch count
    expect(popularityRecall).toBeGreaterThan(0.05);
    expect(recall).toBeGreaterThan(2.5 * popularityRecall);
    expect(recall).toBeGreaterThan(0.5);
  });

  it('recalls first watches far better than popularity does, learned from such alone, in lists without what was watched', async () => {
    const first = tests.filter(({ labelVideoId, features }) => !features.watchedVideoIds.includes(labelVideoId));
    const recallOf = (ranked: (example: CandidateExample) => readonly string[]) =>
      recallAt(10, first, (example) => {
        const seen = new Set(example.features.watchedVideoIds);
        return ranked(example).filter((videoId) => !seen.has(videoId));
      });
    const model = await train({}, false);
    const popularityRecall = recallOf(() => model.videoIds);
    expect(popularityRecall).toBeGreaterThan(0.05);
    expect(recallOf(rankedBy(model))).toBeGreaterThan(2.5 * popularityRecall);
    expect(recallOf(rankedBy(model))).toBeGreaterThan(0.5);
  });

  const OPTIONS: [string, Partial<CandidateModelConfig>][] = [
    ['as by default', {}],
    ['with a temperature', { temperature: 0.1 }],
    ['with in-batch negatives', { negativeCount: 60, inBatchShare: 0.5 }],
    ['with heads by time', { historyEncoder: 'time-heads' }],
    ['with three interests', { interests: 3 }],
  ];

  it.each(OPTIONS)('gives the same bytes for the same seed, %s', async (_form, change) => {
    const first = await train({ ...change, epochCount: 1 });
    const second = await train({ ...change, epochCount: 1 });
    expect(second.toParts()).toEqual(first.toParts());
  });

  it('gives the same bytes with one interest as without a word of them', async () => {
    const [without, one] = [await train({ epochCount: 1 }), await train({ epochCount: 1, interests: 1 })];
    expect(one.toParts().tensors).toEqual(without.toParts().tensors);
  });

  it.each(OPTIONS)('serves from its parts what it was trained to, %s', async (_form, change) => {
    const model = await train({ ...change, epochCount: 2 });
    const { metadata, tensors } = model.toParts();
    const served = CandidateModel.fromParts({ metadata: JSON.parse(JSON.stringify(metadata)), tensors });
    const [{ features }] = tests;
    expect(scoresOf(served, features)).toEqual(scoresOf(model, features));
    // At random it would be 25 of 300.
    const recall = recallAt(25, tests, (example) => {
      const scores = scoresOf(served, example.features);
      return [...served.videoIds.keys()].sort((a, b) => scores[b] - scores[a]).map((row) => served.videoIdAt(row));
    });
    expect(recall).toBeGreaterThan(0.4);
  });
});

describe('a training that is stopped', () => {
  const random = createRandom(4);
  const examples: CandidateExample[] = Array.from({ length: 600 }, (_, i) => ({
    userId: `u${i % 60}`,
    labelVideoId: `v${random.nextInt(40)}`,
    labelAtMs: i,
    features: featuresOf(Array.from({ length: random.nextInt(9) }, () => `v${random.nextInt(40)}`)),
  }));
  const options = {
    examples: examples.slice(0, 500),
    validationExamples: examples.slice(500),
    config: {
      ...defaultCandidateConfig({ videoCount: 40, exampleCount: 500 }),
      batchSize: 32,
      epochCount: 4,
      patienceEpochs: 4,
      inputDropout: 0.1,
    },
    windowEndMs: 600,
    seed: 9,
  };

  /** Keeps states in memory. */
  function inMemory() {
    const states = new Map<string, NamedTensors>();
    const discarded: string[] = [];
    const checkpoints: TrainingCheckpoints = {
      engine: 'an engine',
      load: async (key) => states.get(key),
      save: async (key, state) => void states.set(key, state),
      discard: async (key, { message }) => {
        states.delete(key);
        discarded.push(message);
      },
    };
    return { states, discarded, checkpoints };
  }

  /** As a signal that comes during a step, and is heard at the next report. */
  async function trainAndStop(
    steps: number,
    checkpoints: TrainingCheckpoints,
    seed: number,
    config: CandidateModelConfig = options.config,
  ): Promise<void> {
    const stopping = new AbortController();
    const kernels = trainingEnginesOn(backend, { threads: 2 }).candidate;
    let step = 0;
    const createEngine: CandidateEngineFactory = async (setup) => {
      const engine = await kernels(setup);
      return {
        step: async (batch, scale) => {
          const loss = await engine.step(batch, scale);
          if (++step === steps) {
            stopping.abort(new Error('stopped'));
            await new Promise((resolve) => setTimeout(resolve, 250)); // longer than between two reports
          }
          return loss;
        },
        gradients: (batch) => engine.gradients(batch),
        read: () => engine.read(),
        readOptimizers: () => engine.readOptimizers(),
        close: () => engine.close(),
      };
    };
    const run = trainCandidateModel({ ...options, config, seed, createEngine, checkpoints, signal: stopping.signal });
    await expect(run).rejects.toThrow('stopped');
  }

  const createEngine = () => trainingEnginesOn(backend, { threads: 1 }).candidate;

  it.each([
    [7, {}],
    [16, {}],
    [41, {}],
    [16, { negativeCount: 12, inBatchShare: 0.5, temperature: 0.1, historyEncoder: 'time-heads' as const }],
  ])('after %d steps, goes on to the bytes of one that is not: %j', async (steps, change) => {
    const { checkpoints } = inMemory();
    const changed = { ...options, config: { ...options.config, ...change } };
    const whole = await trainCandidateModel({ ...changed, createEngine: createEngine() });
    await trainAndStop(steps, checkpoints, options.seed, changed.config);
    const recalls: (number | undefined)[] = [];
    const resumed = await trainCandidateModel({
      ...changed,
      createEngine: createEngine(),
      checkpoints,
      onOtherWork: () => expect('vectors').toBe('those of the state'),
      onProgress: ({ validationRecall }) => recalls.push(validationRecall),
    });
    expect(resumed.toParts()).toEqual(whole.toParts());
    expect(recalls.filter((recall) => recall !== undefined)).toHaveLength(4);
  });

  it('starts anew, with nothing of it, where a state does not fit', async () => {
    const { states, discarded, checkpoints } = inMemory();
    await trainAndStop(7, checkpoints, options.seed);
    const [[key, state]] = states;
    // As a release with another optimizer may find: the weights fit, what stands after them does not.
    states.set(key, new Map(state).set('optimizers.first.0', { shape: [1], data: new Float32Array(1) }));
    const model = await trainCandidateModel({ ...options, createEngine: createEngine(), checkpoints });
    const alone = await trainCandidateModel({ ...options, createEngine: createEngine() });
    expect(discarded).toEqual(['the state of the training does not fit: "optimizers.first.0"']);
    expect(model.toParts()).toEqual(alone.toParts());
  });

  it('leaves another training alone', async () => {
    const { states, checkpoints } = inMemory();
    await trainAndStop(5, checkpoints, 1);
    const other = await trainCandidateModel({ ...options, seed: 2, createEngine: createEngine(), checkpoints });
    const alone = await trainCandidateModel({ ...options, seed: 2, createEngine: createEngine() });
    expect(other.toParts()).toEqual(alone.toParts());
    expect(states.size).toBe(2);
  });
});

it.each([
  ['all videos as negatives', { negativeCount: 90 }],
  ['negatives drawn', { negativeCount: 60 }],
  ['half of them labels of the batch', { negativeCount: 60, inBatchShare: 0.5 }],
  ['all of them labels of the batch', { negativeCount: 60, inBatchShare: 1 }],
])('learns the probability of a watch, not its ratio to how often a negative is drawn, with %s', async (_, change) => {
  const counts = Array.from({ length: 90 }, (_video, rank) => Math.ceil(400 / (rank + 1)));
  const watchCount = counts.reduce((sum, count) => sum + count, 0);
  const examples = counts.flatMap((count, video) =>
    Array.from({ length: count }, (_, i) => ({
      userId: `${video}-${i}`,
      labelVideoId: `v${video}`,
      labelAtMs: 0,
      features: featuresOf([]),
    })),
  );
  const config = {
    ...defaultCandidateConfig({ videoCount: 90, exampleCount: watchCount }),
    dimensions: 4,
    hiddenSizes: [],
    epochCount: 12,
    ...change,
  };
  const model = await trainCandidateModel({
    examples,
    config,
    windowEndMs: 0,
    createEngine: trainingEnginesOn(backend, { threads: 2 }).candidate,
    seed: 1,
  });
  const scores = scoresOf(model, featuresOf([]));
  const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
  // Negatives drawn ∝ count^0.75 without the correction would leave ∝ count^0.25: .03, .02, .02 … where it is .19, .10, .06
  model.videoIds.forEach((id, i) => {
    const share = counts[Number(id.slice(1))] / watchCount;
    expect(Math.abs(Math.exp(scores[i]) / total - share)).toBeLessThan(0.03);
  });
});

it('gives a finite model for a single watch, where every negative is the label itself', async () => {
  const examples = [{ userId: 'u', labelVideoId: 'v', labelAtMs: 0, features: featuresOf([]) }];
  const config = defaultCandidateConfig({ videoCount: 1, exampleCount: 1 });
  const model = await trainCandidateModel({
    examples,
    config,
    windowEndMs: 0,
    createEngine: trainingEnginesOn(backend, { threads: 2 }).candidate,
    seed: 1,
  });
  expect(model.videoIds).toEqual(['v']);
  expect(scoresOf(model, featuresOf(['v', 'unheard of'])).every(Number.isFinite)).toBe(true);
});
