import { NO_STATISTICS, type RankingExample, statisticsFrom } from '@watchnext/features';
import { createRandom, type NamedTensors, runStack } from '@watchnext/learning';
import { exampleOf, smallConfig, userOf, videoOf } from '../test/builders';
import { type Calibration, NO_CALIBRATION } from './calibration';
import type { RankingEngineFactory } from './engine';
import type { RankingModel } from './ranking-model';
import { referenceRankingEngine } from './reference-engine';
import { trainRankingModel, type TrainRankingModelOptions } from './train';
import type { RankingWarmStart } from './warm-start';

const SURFACES = ['home', 'up-next'];

/** Impressions of videos `from` to `to`; what is watched depends on the video and on how often its channel was watched. */
function log(from: number, to: number, { seed = 4, count = 600, channelWatches = 8 } = {}): RankingExample[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, n) => {
    const video = from + random.nextInt(to - from);
    const watches = random.nextInt(channelWatches);
    const clicked = random.next() < 0.2 + 0.5 * (video % 2) + (0.2 * watches) / channelWatches;
    return exampleOf({
      impressionId: `i${n}`,
      servedAtMs: n,
      user: userOf({ surface: SURFACES[n % 2], values: { watchCount: n % 7 } }),
      video: videoOf({ videoId: `v${video}`, values: { channelWatchCount: watches } }),
      clicked,
      watchSeconds: clicked ? 20 + 40 * random.next() : 0,
    });
  });
}

const none = statisticsFrom(NO_STATISTICS);

async function train(more: Partial<TrainRankingModelOptions> = {}) {
  let start: RankingWarmStart | undefined;
  const model = await trainRankingModel({
    examples: log(0, 20),
    statisticsAt: () => none,
    config: smallConfig({ epochs: 2, maxVideos: 200 }),
    createEngine: referenceRankingEngine,
    seed: 9,
    onWarmStart: (report) => (start = report),
    ...more,
  });
  return { model, start: start as RankingWarmStart | undefined };
}

/** Takes steps that change nothing: what comes out is what the training began with. */
const standingStill: RankingEngineFactory = (network) => ({ ...referenceRankingEngine(network), step: () => 1 });

const logitsOf = (model: RankingModel, examples: readonly RankingExample[]) => {
  const row = new Float32Array(model.inputSize);
  return examples.map(({ user, video }) => {
    model.writeInput(model.encodeUser(user), video, none, row, 0);
    return runStack(model.tower, row, 1)[0];
  });
};

function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

const copyOf = (tensors: NamedTensors): NamedTensors =>
  new Map([...tensors].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]));
const tableOf = (tensors: NamedTensors, name: string) => tensors.get(`table.${name}`)!;

function rowOf(model: RankingModel, videoId: string): number[] {
  const { metadata, tensors } = model.toParts();
  const { shape, data } = tableOf(tensors, 'videos');
  const row = metadata.vocabularies.videos.indexOf(videoId) + 1;
  return [...data.subarray(row * shape[1], (row + 1) * shape[1])];
}

describe('a ranking model that begins with an earlier one', () => {
  it.each([1, 3])('says what that one said where nothing is new, as %d trainings', async (members) => {
    const config = smallConfig({ epochs: 2, members });
    const { model: earlier } = await train({ config });
    const examples = log(0, 20);
    const { model, start } = await train({
      config,
      examples,
      createEngine: standingStill,
      warmStart: { model: earlier, untilMs: 0 },
      seed: 10,
    });
    expect(start).toEqual({ began: 'warm', copiedVideos: 20, newVideos: 0, bridgeError: expect.any(Number) as number });
    const [before, after] = [logitsOf(earlier, examples), logitsOf(model, examples)];
    after.forEach((logit, i) => expect(logit).toBeCloseTo(before[i], 3));
  });

  it('has the rows of known videos at their new places, and new rows for new ones, where the vocabulary grew', async () => {
    const { model: earlier } = await train({ examples: log(0, 20) });
    // Enough more that a row has a dimension more.
    const examples = log(10, 80, { seed: 5, count: 2_000 });
    const { model, start } = await train({
      examples,
      createEngine: standingStill,
      warmStart: { model: earlier, untilMs: 0 },
    });
    expect(start).toMatchObject({ began: 'warm', copiedVideos: 10, newVideos: 60 });
    const [before, after] = [rowOf(earlier, 'v15'), rowOf(model, 'v15')];
    expect(after.length).toBeGreaterThan(before.length);
    expect(after.slice(0, before.length)).toEqual(before);
    expect(rowOf(model, 'v70').some((value) => value !== 0)).toBe(true);
    const known = examples.filter(({ video }) =>
      earlier.toParts().metadata.vocabularies.videos.includes(video.videoId),
    );
    const [old, now] = [logitsOf(earlier, known), logitsOf(model, known)];
    const mean = old.reduce((sum, logit) => sum + logit / old.length, 0);
    expect(rootMeanSquare(now.map((logit, i) => logit - old[i]))).toBeLessThan(
      0.1 * rootMeanSquare(old.map((logit) => logit - mean)),
    );
  });

  it('keeps rows as wide as they were, where the vocabulary shrank', async () => {
    const { model: earlier } = await train({ examples: log(0, 80, { count: 2_000 }) });
    const examples = log(0, 10, { seed: 5 });
    const { model, start } = await train({
      examples,
      createEngine: standingStill,
      warmStart: { model: earlier, untilMs: 0 },
    });
    expect(start).toMatchObject({ began: 'warm', copiedVideos: 10, newVideos: 0 });
    expect(rowOf(model, 'v4')).toEqual(rowOf(earlier, 'v4'));
    expect(model.toParts().metadata.vocabularies.videos).toHaveLength(10);
  });

  it('reads numbers as the earlier one did, though they are ranked among others now', async () => {
    const { model: earlier } = await train({ config: smallConfig({ epochs: 10 }) });
    const examples = log(0, 20, { channelWatches: 16, seed: 6 });
    const { model } = await train({
      examples,
      config: smallConfig({ epochs: 10 }),
      createEngine: standingStill,
      warmStart: { model: earlier, untilMs: 0 },
    });
    // Beyond 7 the earlier one knew nothing.
    const inside = examples.filter(({ video }) => video.numbers.every((number) => !(number > 7)));
    const [old, now] = [logitsOf(earlier, inside), logitsOf(model, inside)];
    const mean = old.reduce((sum, logit) => sum + logit / old.length, 0);
    expect(rootMeanSquare(now.map((logit, i) => logit - old[i]))).toBeLessThan(
      0.15 * rootMeanSquare(old.map((logit) => logit - mean)),
    );
  });

  it.each([
    ['hiddenSizes', { hiddenSizes: [4] }, 'another form: hiddenSizes was 8 and is 4'],
    ['members', { members: 2 }, 'another form: members was 1 and is 2'],
    ['objective', { objective: 'paper' }, 'another form: objective was expected-watch-time and is paper'],
    ['a head', { clickHead: false }, 'another form: clickHead was true and is false'],
    ['powers', { powers: false }, 'another form: powers was true and is false'],
  ] as const)('is trained anew, with all its epochs, where the form differs in %s', async (_, change, reason) => {
    const { model: earlier } = await train();
    const config = smallConfig({ epochs: 3, warmEpochs: 1, ...change });
    const steps: number[] = [];
    const onProgress = ({ stepCount }: { stepCount: number }) => steps.push(stepCount);
    const { model, start } = await train({ config, onProgress, warmStart: { model: earlier, untilMs: 0 } });
    expect(start).toMatchObject({ began: 'cold', reason });
    const { model: anew } = await train({ config });
    expect(model.toParts()).toEqual(anew.toParts());
    expect(steps.at(-1)).toBe(3 * Math.ceil(600 / config.batchSize) * config.members);
  });

  it('takes fewer epochs: half, or as many as it is told', async () => {
    const { model: earlier } = await train();
    const stepsOf = async (change: object) => {
      const steps: number[] = [];
      const onProgress = ({ stepCount }: { stepCount: number }) => steps.push(stepCount);
      const config = smallConfig({ epochs: 3, calibrated: true, ...change });
      await train({ config, onProgress, warmStart: { model: earlier, untilMs: 0 } });
      return steps.at(-1)! / Math.ceil(600 / config.batchSize);
    };
    expect(await stepsOf({})).toBe(2);
    expect(await stepsOf({ warmEpochs: 1 })).toBe(1);
  });

  it('is the same, byte for byte, from the same start with the same seed, and another from another', async () => {
    const { model: earlier } = await train();
    const { model: other } = await train({ seed: 8 });
    const from = async (model: RankingModel, seed = 3) =>
      (await train({ examples: log(5, 30), warmStart: { model, untilMs: 0 }, seed })).model.toParts();
    const first = await from(earlier);
    expect(await from(earlier)).toEqual(first);
    expect(await from(other)).not.toEqual(first);
    expect(await from(earlier, 4)).not.toEqual(first);
    expect((await train()).model.toParts()).toEqual(earlier.toParts());
  });

  it('goes on from a stopped training to the same bytes, but not from one with another start', async () => {
    const [{ model: earlier }, { model: other }] = [await train(), await train({ seed: 8 })];
    const saved = new Map<string, NamedTensors>();
    const loaded: string[] = [];
    const checkpoints = {
      engine: 'an engine',
      load: (key: string) => {
        if (saved.has(key)) loaded.push(key);
        return Promise.resolve(saved.get(key));
      },
      save: (key: string, state: NamedTensors) => Promise.resolve(void saved.set(key, copyOf(state))),
      discard: (_: string, reason: Error) => Promise.reject(reason),
    };
    const config = smallConfig({ epochs: 8 });
    const whole = await train({ config, warmStart: { model: earlier, untilMs: 0 } });
    const stop = new AbortController();
    const onProgress = () => stop.abort(new Error('enough'));
    const options = { config, checkpoints, warmStart: { model: earlier, untilMs: 0 } };
    await expect(train({ ...options, signal: stop.signal, onProgress })).rejects.toThrow('enough');
    await train({ ...options, warmStart: { model: other, untilMs: 0 } });
    expect(loaded).toEqual([]);
    expect((await train(options)).model.toParts()).toEqual(whole.model.toParts());
    expect(loaded).toHaveLength(1);
  });
});

describe('its calibration', () => {
  const config = smallConfig({ hiddenSizes: [], epochs: 1, batchSize: 5_000, calibrated: true });
  /** What is watched doubles at a moment that no input tells. */
  const doublingAt = (atMs: number, count: number) => {
    const draw = createRandom(8);
    return Array.from({ length: count }, (_, n) => {
      const clicked = draw.next() < 0.5;
      const watchSeconds = clicked ? (n < atMs ? 20 : 40) : 0;
      return exampleOf({
        impressionId: `i${n}`,
        servedAtMs: n,
        video: videoOf({ videoId: `v${n % 40}` }),
        clicked,
        watchSeconds,
      });
    });
  };
  const liftOf = ({ calibration: { logits, logSeconds } }: RankingModel) =>
    logits.map((logit, i) => Math.exp(logSeconds[i] - logit));

  it('is fitted by the earlier model on what was served since, not on what it has seen', async () => {
    const examples = doublingAt(11_000, 22_000);
    const { model: earlier } = await train({
      examples: examples.slice(0, 11_000),
      config,
      createEngine: standingStill,
    });
    liftOf(earlier).forEach((lift) => expect(lift).toBeCloseTo(1, 0));
    const warmStart = { model: earlier, untilMs: 11_000 };
    const { model } = await train({ examples, config, createEngine: standingStill, warmStart });
    expect(model.calibration.logits.length).toBeGreaterThan(0);
    liftOf(model).forEach((lift) => expect(lift).toBeGreaterThan(1.6));
    const given = await train({
      examples,
      config,
      createEngine: standingStill,
      warmStart,
      calibration: earlier.calibration,
    });
    expect(given.model.calibration).toEqual(earlier.calibration);
  });

  /** Begins with a model that was calibrated so, where so many impressions follow; every second is watched, for twice as long as it says. */
  const after = async (calibration: Calibration | undefined, since: number, isShown = (_: RankingExample) => true) => {
    const examples = doublingAt(1_000, 1_000 + since).filter((one) => one.servedAtMs < 1_000 || isShown(one));
    const options = { config, createEngine: standingStill };
    const { model: earlier } = await train({ ...options, examples: examples.slice(0, 1_000), calibration });
    const { model } = await train({ ...options, examples, warmStart: { model: earlier, untilMs: 1_000 } });
    return model.calibration;
  };
  const knots = (count: number): Calibration => ({
    logits: Array.from({ length: count }, (_, n) => n),
    logSeconds: Array.from({ length: count }, (_, n) => n + 0.25),
  });

  it("is the earlier model's while fewer groups were served since than that has knots", async () => {
    expect(await after(knots(3), 2_900)).toEqual(knots(3));
    expect(await after(knots(3), 3_000)).not.toEqual(knots(3));
  });

  it('is no shift of a few watches for good: another where a group was served since, or none where the model was right', async () => {
    expect(await after(knots(1), 900)).toEqual(knots(1));
    const refitted = await after(knots(1), 1_900);
    expect(refitted.logits).toHaveLength(1);
    expect(refitted.logSeconds[0] - refitted.logits[0]).toBeCloseTo(Math.LN2, 1);
    // Of those watched, a third: then impressions are watched for as long as the model says.
    let n = 0;
    expect(await after(knots(1), 1_900, ({ clicked }) => !clicked || n++ % 3 === 0)).toEqual(NO_CALIBRATION);
  });
});
