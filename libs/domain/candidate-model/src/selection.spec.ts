import { exampleOf } from '../test/builders';
import { type CandidateModelConfig, type DataSize, defaultCandidateConfig } from './config';
import type { CandidateEngineFactory } from './engine';
import { selectCandidateModel } from './selection';

const VIDEOS = Array.from({ length: 30 }, (_, n) => `v${n}`);
const EXAMPLES = VIDEOS.map((videoId, n) => exampleOf(`u${n % 10}`, videoId, n));
const ASIDE = VIDEOS.map((videoId, n) => exampleOf(`aside${n % 3}`, videoId, n));
const CONFIG: CandidateModelConfig = {
  ...defaultCandidateConfig({ videoCount: 30, exampleCount: 30 }),
  dimensions: 4,
  exampleAgeKnots: 0,
  hiddenSizes: [],
  batchSize: 60,
  negativeCount: 6,
  patienceEpochs: 2,
};
/** Two forms with five epochs where there is something to choose by, else four epochs of the first. */
const forms = ({ validated }: DataSize): CandidateModelConfig[] =>
  validated
    ? (['position-heads', 'mean'] as const).map((historyEncoder) => ({ ...CONFIG, historyEncoder, epochCount: 5 }))
    : [{ ...CONFIG, epochCount: 4 }];

type Leads = (epoch: number, encoder: string) => boolean | number;

/**
 * An engine that computes nothing: after each epoch, which is one step, v0 is scored first or last by everybody.
 * @param leads whether v0 is first, or how many from v0 on are; of a negative number v0 is the last of them
 * @param trained is told the number of examples of each training
 */
const scripted =
  (leads: Leads, trained: number[]): CandidateEngineFactory =>
  async ({ tables, tower }) => {
    const encoder = tables.positions.values.length > tables.positions.dimensions ? 'position-heads' : 'mean';
    let epoch = 0;
    const stack = tower.map(({ weights, bias, ...layer }) => ({
      ...layer,
      weights: weights.map(() => 0),
      bias: bias.map(() => 1),
    }));
    return {
      async step({ inputs }) {
        epoch += 1;
        if (epoch === 1) trained.push(inputs.rowCount);
        // The vocabulary's first video is v0: all are watched equally often, and such are in the order of their ids.
        const { values, dimensions } = tables.output;
        values.forEach((_, i) => (values[i] = i < dimensions ? 0 : i / dimensions));
        values.fill(-1e6, dimensions, 2 * dimensions);
        const ahead = Number(leads(epoch, encoder));
        for (let v = 0; v < Math.abs(ahead); v++)
          values.fill(1e6 * (ahead > 0 ? ahead - v : v + 1), (1 + v) * dimensions, (2 + v) * dimensions);
        return 1;
      },
      gradients: () => Promise.reject(new Error('training does not ask for gradients')),
      readOptimizers: () => Promise.reject(new Error('there is nothing to go on from')),
      read: async () => stack,
      close: async () => undefined,
    };
  };

/** @param labelCount watches of v0 to validate on, all hit or none. @param others of v1 to v20, which are never hit */
async function select(leads: Leads, labelCount: number, others = 200) {
  const validationExamples = [
    ...Array.from({ length: labelCount }, (_, n) => exampleOf('aside', 'v0', n)),
    ...Array.from({ length: others }, (_, n) => exampleOf('aside', `v${1 + (n % 20)}`, n)),
  ];
  const trained: number[] = [];
  const selection = await selectCandidateModel({
    examples: EXAMPLES,
    validationExamples,
    unchosen: { examples: [...EXAMPLES, ...ASIDE], windowEndMs: 1_000 },
    forms,
    windowEndMs: 1_000,
    seed: 1,
    createEngine: scripted(leads, trained),
  });
  return { ...selection, trained };
}

describe('selectCandidateModel', () => {
  it('keeps the best epoch of the best form where validation has hits enough', async () => {
    const { trials, chosenByExampleCount, trained } = await select((epoch, form) => form === 'mean' && epoch === 2, 50);
    expect(chosenByExampleCount).toBe(250);
    expect(trials.map(({ config }) => config.historyEncoder)).toEqual(['mean', 'position-heads']);
    expect(trials[0].config.epochCount).toBe(2);
    expect(trained).toEqual([30, 30]);
  });

  it('keeps the form that recalls more, by however little, and of two that recall as much the preferred one', async () => {
    // v1 is watched twice, the videos whose place among the first three it takes once.
    const better = await select((_, form) => (form === 'mean' ? 2 : 1), 200, 21);
    expect(better.trials.map(({ recall }) => recall * 221)).toEqual([203, 202]);
    expect(better.trials[0].config.historyEncoder).toBe('mean');
    const equal = await select(() => true, 200, 21);
    expect(equal.trials[0].config.historyEncoder).toBe('position-heads');
  });

  it('does not keep a form that recalls a little more among all places, and far less among the first', async () => {
    const { trials } = await select((_, form) => (form === 'mean' ? -2 : 1), 200, 21);
    expect(trials.map(({ recall, config }) => [config.historyEncoder, recall * 221])).toEqual([
      ['position-heads', 202],
      ['mean', 203],
    ]);
  });

  it('trains the preferred form on everyone, for the blind number of epochs, where no epoch has hits enough', async () => {
    const { trials, chosenByExampleCount, trained } = await select((epoch, form) => form === 'mean' && epoch === 2, 15);
    expect(chosenByExampleCount).toBe(0);
    expect(trained).toEqual([30, 30, 60]);
    expect(trials[0].config).toEqual({ ...CONFIG, epochCount: 4 });
    expect(trials[0].recall).toBeNaN();
  });

  it('goes by the hits that all watches would have, where of a large catalogue only some are asked, and by those asked before it stops early', async () => {
    // So many multiplications that every second watch is asked.
    const videos = Array.from({ length: 20_000 }, (_, n) => `v${String(n).padStart(5, '0')}`);
    const examples = videos.map((videoId, n) => exampleOf(`u${n % 10}`, videoId, n));
    const config = { ...CONFIG, dimensions: 10, batchSize: 20_000, epochCount: 5, examplesPerUserPerEpoch: 2_000 };
    const choose = async (hitCount: number) => {
      const validationExamples = Array.from({ length: 12_000 }, (_, n) => {
        const others = n < 250 ? videos[1_000 + n] : `new${n}`;
        return exampleOf('aside', n < hitCount ? videos[0] : others, n);
      });
      const epochs: number[] = [];
      const { chosenByExampleCount, trials } = await selectCandidateModel({
        examples,
        validationExamples,
        forms: () => [config],
        windowEndMs: 30_000,
        seed: 1,
        createEngine: scripted((epoch) => epoch === 1, []),
        onProgress: ({ epoch }, trial) => trial === 0 && epochs.push(epoch),
      });
      return [chosenByExampleCount, trials[0].config.epochCount, Math.max(...epochs)];
    };
    expect(await choose(78)).toEqual([12_000, 1, 5]);
    expect(await choose(80)).toEqual([12_000, 1, 3]);
    expect(await choose(38)).toEqual([0, 5, 5]);
  });

  it('tries nothing where there are too few watches to choose by', async () => {
    const { trials, chosenByExampleCount, trained } = await select(() => true, 50, 149);
    expect([chosenByExampleCount, trials.length]).toEqual([0, 1]);
    expect(trained).toEqual([60]);
  });
});
