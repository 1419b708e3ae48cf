/** A small world of sequences through the whole of the tool: read, split, train, rank, describe. */
import { createRandom } from '@watchnext/learning';
import { selectBackend, tfjsCandidateEngine } from '@watchnext/tensor';
import { evaluateCandidates, type EvaluateOptions } from '../src/candidates/evaluate';
import { formsOf } from '../src/candidates/forms';
import { candidateTables } from '../src/candidates/table';
import type { WatchData } from '../src/data/watch-data';
import type { Progress } from '../src/progress';

jest.setTimeout(120_000); // for machines under load; it takes two seconds

const silent: Progress = {
  start: () => ({ update: () => undefined, note: () => undefined, finish: () => undefined, abandon: () => undefined }),
};

/** Users go round one of three circles of videos: what comes next follows from the last watch. */
function circles(timed: boolean): WatchData {
  const random = createRandom(5);
  const users = Array.from({ length: 60 }, (_, user) => {
    const circle = user % 3;
    const from = random.nextInt(10);
    const videos = Array.from({ length: 8 }, (_v, i) => `c${circle}-${(from + i) % 10}`);
    return {
      userId: `u${user}`,
      examples: videos.map((labelVideoId, i) => ({
        userId: `u${user}`,
        labelVideoId,
        labelAtMs: timed ? (i + 1) * 86_400_000 + user * 3_600_000 : 0,
        features: {
          watchedVideoIds: videos.slice(0, i),
          hoursSinceLastWatch: NaN,
          searchTokens: [],
          country: '',
          device: '',
          loggedIn: false,
          ageYears: 0,
          gender: 0,
        },
      })),
    };
  });
  return { source: 'circles', timed, users, uploadedAtMs: new Map() };
}

const evaluate = async (data: WatchData, change: Partial<EvaluateOptions> = {}) =>
  evaluateCandidates(data, {
    protocol: { name: 'leave-one-out', minWatches: 3 },
    part: 'test',
    leaveOutSeen: true,
    ks: [1, 5],
    seeds: [1],
    forms: formsOf({ set: ['epochCount=20', 'dimensions=16', 'patienceEpochs=20'] }),
    withBaselines: true,
    createEngine: tfjsCandidateEngine(await selectBackend('wasm')),
    signal: new AbortController().signal,
    progress: silent,
    ...change,
  });

it('puts models and baselines into one table: the chain knows a circle, popularity does not', async () => {
  const report = await evaluate(circles(false));
  const recall = (name: string) =>
    report.scorers.find((scorer) => scorer.name.startsWith(name))?.metrics.recall.find(({ k }) => k === 5)?.value ??
    NaN;
  expect(recall('last-item Markov')).toBeGreaterThan(0.9);
  expect(recall('popularity')).toBeLessThan(0.5);
  expect(recall('model')).toBeGreaterThan(2 * recall('popularity'));
  expect(report.counts).toMatchObject({ users: 60, videos: 30, queries: 60, trainingWatches: 60 * 7 });
  expect(report.scorers.some(({ name }) => name.startsWith('recent'))).toBe(false);
  const [model] = report.scorers.filter(({ kind }) => kind === 'model');
  expect(model.againstBestBaseline).toMatchObject({ k: 5, baseline: expect.stringMatching(/item/) });
  expect(model.recallCurve.length).toBe(5);
  expect(model.training?.[0].tried.length).toBe(1);
  expect(candidateTables(report)).toMatch(/recall@5 [+−]0\.\d+ over the best baseline, /);
});

it('asks at the end of training and at the time of the label where there are times', async () => {
  const report = await evaluate(circles(true), { seeds: [1, 2], forms: formsOf({ set: ['epochCount=1'] }) });
  const models = report.scorers.filter(({ kind }) => kind === 'model');
  expect(models.map(({ askedAt }) => askedAt)).toEqual(['end of training', 'time of the label']);
  expect(models[0].training?.map(({ seed }) => seed)).toEqual([1, 2]);
  const recent = report.scorers.filter(({ name }) => name === 'recent popularity, 1 d');
  expect(recent.map(({ askedAt }) => askedAt)).toEqual(['end of training', 'time of the label']);
  expect(models[0].cohorts.every(({ queries }) => queries <= 60)).toBe(true);
});

it('gives the same figures for the same seed', async () => {
  const forms = formsOf({ set: ['epochCount=1'] });
  const once = await evaluate(circles(true), { forms });
  const again = await evaluate(circles(true), { forms });
  const figures = (report: typeof once) => report.scorers.map(({ metrics }) => metrics);
  expect(figures(again)).toEqual(figures(once));
});

it('evaluates on validation without looking at the test part', async () => {
  const report = await evaluate(circles(false), { part: 'validation', forms: [] });
  expect(report.counts.trainingWatches).toBe(60 * 6);
  expect(report.part).toBe('validation');
});
