import { NO_STATISTICS, statisticsFrom } from '@watchnext/features';
import { createRandom, type NamedTensors, type TrainingCheckpoints } from '@watchnext/learning';
import { exampleOf, smallConfig, videoOf } from '../test/builders';
import type { RankingEngineFactory } from './engine';
import type { RankingProgress } from './progress';
import { referenceRankingEngine } from './reference-engine';
import { trainRankingModel, type TrainRankingModelOptions } from './train';

const NOTHING_KNOWN = statisticsFrom(NO_STATISTICS);

const random = createRandom(3);
const examples = Array.from({ length: 300 }, (_, n) => {
  const clicked = random.next() < 0.4;
  return exampleOf({
    impressionId: `i${n}`,
    servedAtMs: n,
    video: videoOf({ videoId: `v${n % 20}`, topics: [`t${n % 3}`] }),
    clicked,
    watchSeconds: clicked ? 60 * random.next() : 0,
  });
});

/** 240 examples before the calibration's and 300 in all, two members: 2 · 2 · 4 steps, then 2 · 2 · 5. */
const config = smallConfig({ epochs: 2, members: 2, calibrated: true });

const train = (more: Partial<TrainRankingModelOptions>) =>
  trainRankingModel({
    examples,
    statisticsAt: () => NOTHING_KNOWN,
    config,
    createEngine: referenceRankingEngine,
    seed: 9,
    ...more,
  });

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

/** Counts steps over all trainings, and does something after one of them. */
function countingSteps(onStep: (step: number) => void): RankingEngineFactory {
  let steps = 0;
  return (network) => {
    const engine = referenceRankingEngine(network);
    return {
      ...engine,
      step: (batch, scale) => {
        const loss = engine.step(batch, scale);
        onStep(++steps);
        return loss;
      },
    };
  };
}

async function trainAndStop(steps: number, checkpoints: TrainingCheckpoints): Promise<void> {
  const stopping = new AbortController();
  const createEngine = countingSteps((step) => step === steps && stopping.abort(new Error('stopped')));
  await expect(train({ createEngine, checkpoints, signal: stopping.signal })).rejects.toThrow('stopped');
}

describe('a ranking training that was stopped', () => {
  it.each([
    ['in the first member of the probe', 3],
    ['between two members', 8],
    ['between the probe and the rest', 16],
    ['in the second member of the rest', 30],
  ])('%s goes on to the bytes of one that was not', async (_where, steps) => {
    const { checkpoints } = inMemory();
    const whole = await train({});
    await trainAndStop(steps, checkpoints);
    let last = 0;
    const reports: RankingProgress[] = [];
    const resumed = await train({
      createEngine: countingSteps((step) => (last = step)),
      checkpoints,
      onProgress: (report) => reports.push(report),
    });
    expect(resumed.toParts()).toEqual(whole.toParts());
    expect(last).toBe(36 - steps);
    expect(reports.at(-1)).toMatchObject({ step: 36, stepCount: 36, passedOver: steps });
  });

  it('takes no step again where it was done, and stopped in a later stage', async () => {
    const { checkpoints } = inMemory();
    const done = await train({ checkpoints });
    let steps = 0;
    const again = await train({ checkpoints, createEngine: countingSteps(() => steps++) });
    expect(steps).toBe(0);
    expect(again.toParts()).toEqual(done.toParts());
  });

  it('starts anew, with nothing of it, where a state does not fit', async () => {
    const { states, discarded, checkpoints } = inMemory();
    await trainAndStop(3, checkpoints);
    const [[key, state]] = states;
    states.set(key, new Map(state).set('optimizers.second.0', { shape: [1], data: new Float32Array(1) }));
    const model = await train({ checkpoints });
    expect(discarded).toEqual(['the state of the training does not fit: "optimizers.second.0"']);
    expect(model.toParts()).toEqual((await train({})).toParts());
  });

  it.each([
    ['another seed', { seed: 10 }],
    ['another setting', { config: { ...config, learningRateDecay: 'cosine' } }],
    ['one example more', { examples: [...examples, exampleOf({ servedAtMs: 300 })] }],
  ] satisfies [string, Partial<TrainRankingModelOptions>][])('is not gone on with by %s', async (_what, more) => {
    const { checkpoints } = inMemory();
    await trainAndStop(3, checkpoints);
    expect((await train({ ...more, checkpoints })).toParts()).toEqual((await train(more)).toParts());
  });

  it('is not gone on with by another engine, whose steps would be mixed with those that were done', async () => {
    const { states, checkpoints } = inMemory();
    await trainAndStop(3, checkpoints);
    let steps = 0;
    await train({ checkpoints: { ...checkpoints, engine: 'another' }, createEngine: countingSteps(() => steps++) });
    expect(steps).toBe(36);
    expect(states.size).toBe(3);
  });

  it('leaves no state of a training that broke', async () => {
    const { states, checkpoints } = inMemory();
    const createEngine: RankingEngineFactory = (network) => ({ ...referenceRankingEngine(network), step: () => NaN });
    await expect(train({ createEngine, checkpoints })).rejects.toThrow('is NaN');
    expect(states.size).toBe(0);
  });
});
