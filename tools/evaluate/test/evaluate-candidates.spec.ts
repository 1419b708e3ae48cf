/** A small world of sequences through the whole of the tool: read, split, train, rank, describe. */
import { TOPICS } from '@watchnext/contract';
import { type CandidateExample, DAY_MS, replayUser } from '@watchnext/features';
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
  say: () => undefined,
  warn: () => undefined,
};

const FROM_MS = Date.UTC(2026, 0, 1);

/**
 * Users go round one of three circles of videos: what comes next follows from the last watch.
 * @param lastAfterDays by how much each user's last watch comes later than the day after the one before
 */
function circles(timed: boolean, lastAfterDays = 0): WatchData {
  const random = createRandom(5);
  const users = Array.from({ length: 60 }, (_, user) => {
    const circle = user % 3;
    const from = random.nextInt(10);
    const videos = Array.from({ length: 8 }, (_v, i) => `c${circle}-${(from + i) % 10}`);
    const atMs = videos.map((_v, i) => FROM_MS + (i + 1 + (i === 7 ? lastAfterDays : 0)) * DAY_MS + user * 3_600_000);
    const examples = replayed(`u${user}`, videos, atMs);
    return { userId: `u${user}`, examples: timed ? examples : examples.map((one) => ({ ...one, labelAtMs: 0 })) };
  });
  return { source: 'circles', timed, users, uploadedAtMs: new Map() };
}

/** The examples that a log of these watches has, as from an archive. */
function replayed(userId: string, videoIds: readonly string[], atMs: readonly number[]): readonly CandidateExample[] {
  const records = videoIds.map((videoId, offset) => {
    const time = atMs[offset].toString(16).padStart(12, '0');
    const value = {
      userId,
      videoId,
      playbackId: `${userId} ${offset}`,
      impressionId: '',
      positionSeconds: 60,
      video: { channelId: 'c', topics: [], durationSeconds: 100, uploadedAtMs: FROM_MS },
      country: '',
      device: '',
    };
    const event = {
      eventId: `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${offset.toString(16).padStart(12, '0')}`,
      occurredAtMs: atMs[offset],
      receivedAtMs: atMs[offset],
      producer: 'spec',
      backfill: false,
      body: { $case: 'watch' as const, value },
    };
    return { topic: TOPICS.activity, partition: 0, offset, event };
  });
  return replayUser(records, { joinWindowMs: DAY_MS, logEndMs: Infinity }).candidateExamples;
}

const evaluate = async (data: WatchData, change: Partial<EvaluateOptions> = {}) =>
  evaluateCandidates(data, {
    protocol: { name: 'leave-one-out', minWatches: 3 },
    part: 'test',
    seen: 'left-out',
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
  // 60 watches choose neither form nor epoch, as in the trainer: all epochs that were asked for are trained, on everything.
  expect(model.training?.[0].tried[0]).toMatchObject({ epochs: 20, validationRecall: NaN });
  expect(candidateTables(report)).toMatch(/recall@5 [+−]0\.\d+ over the best baseline, /);
});

it('asks in a small catalogue, if not told otherwise, about lists on which scorers differ', async () => {
  const { scorers } = await evaluate(circles(false), { ks: undefined, forms: [] });
  // Of 30 videos.
  for (const { metrics } of scorers) expect(metrics.recall.map(({ k }) => k)).toEqual([1, 3, 6]);
  expect(new Set(scorers.map(({ metrics }) => metrics.recall[2].value)).size).toBeGreaterThan(1);
});

it('warns of held-out days with few queries before anything is ranked or trained', async () => {
  const said: string[] = [];
  const progress: Progress = {
    ...silent,
    warn: (text) => void said.push(text),
    start: (name) => {
      said.push(name);
      return silent.start(name, 'queries');
    },
  };
  const protocol = { name: 'temporal', testDays: 1, queriesPerUser: 5 } as const;
  await evaluate(circles(true), { protocol, forms: [], progress });
  expect(said[0]).toMatch(/^the test part asks only \d+ queries of \d+ users, fewer than the 200 queries of 30 users/);
  expect(said.filter((text) => text.startsWith('the test part'))).toHaveLength(1);
});

it('tells of the epochs of BPR, and stops between two of them', async () => {
  const stopping = new AbortController();
  const epochs: number[] = [];
  const progress: Progress = {
    ...silent,
    start: (name) => ({
      ...silent.start(name, 'epochs'),
      update: (done) => {
        if (name !== 'train: BPR') return;
        epochs.push(done);
        // As a signal comes: it is heard when the event loop turns.
        if (done === 2) setImmediate(() => stopping.abort(new Error('stopped')));
      },
    }),
  };
  await expect(evaluate(circles(false), { forms: [], signal: stopping.signal, progress })).rejects.toThrow('stopped');
  expect(epochs.slice(0, 3)).toEqual([0, 1, 2]);
  expect(epochs.length).toBeLessThan(5);
});

it('tells of a training without validation to its end: nothing is trained after it', async () => {
  const updates: [done: number, total: number | undefined][] = [];
  const progress: Progress = {
    ...silent,
    start: (name) => ({
      ...silent.start(name, 'steps'),
      update: (done, total) => void (name.startsWith('train') && updates.push([done, total])),
    }),
  };
  await evaluate(circles(false), { forms: formsOf({ set: ['epochCount=2'] }), withBaselines: false, progress });
  const [done, total] = updates.at(-1)!;
  expect(done).toBe(total);
});

it('asks at the end of training and at the time of the label where there are times', async () => {
  const report = await evaluate(circles(true), { seeds: [1, 2], forms: formsOf({ set: ['epochCount=1'] }) });
  const models = report.scorers.filter(({ kind }) => kind === 'model');
  expect(models.map(({ askedAt }) => askedAt)).toEqual(['end of training', 'time of the label']);
  expect(models[0].training?.map(({ seed }) => seed)).toEqual([1, 2]);
  const recent = report.scorers.filter(({ name }) => name === 'recent popularity, 1 d');
  expect(recent.map(({ askedAt }) => askedAt)).toEqual(['end of training', 'time of the label']);
});

it('tells cohorts apart by uploads where they are known, by first watches where not', async () => {
  const data = circles(true);
  const yesterday = new Map(
    data.users.map(({ examples }) => [examples[7].labelVideoId, examples[7].labelAtMs - DAY_MS]),
  );
  const cohortsOf = async (uploadedAtMs: ReadonlyMap<string, number>) => {
    const report = await evaluate({ ...data, uploadedAtMs }, { forms: [] });
    return report.scorers.map(({ cohorts }) => Object.fromEntries(cohorts.map((one) => [one.cohort, one.queries])));
  };
  // All of them watched seven videos: the most active tenth is all. Each of 30 videos has 14 watches of the 420.
  const [unknown, ...others] = await cohortsOf(new Map());
  expect(others).toHaveLength(10);
  for (const other of others) expect(other).toEqual(unknown);
  expect(unknown).toMatchObject({ 'heavy users': 60 });
  // Nearly all videos were watched on the first days, a week and more before.
  expect(unknown['new videos'] ?? 0).toBeLessThan(30);
  for (const known of await cohortsOf(yesterday)) expect(known).toMatchObject({ 'heavy users': 60, 'new videos': 60 });
});

it('has new users also where users with few watches are left out: those with the fewest, named by how many', async () => {
  const { users, ...data } = circles(false);
  // From five watches on, a fifth of the users each.
  const uneven = users.map(({ userId, examples }, user) => ({ userId, examples: examples.slice(0, 4 + (user % 5)) }));
  const protocol = { name: 'leave-one-out', minWatches: 5 } as const;
  const report = await evaluate({ ...data, users: uneven }, { protocol, forms: [] });
  expect(report.cohortLimits).toMatchObject({ newUserWatches: 4, heavyUserWatches: 7 });
  const cohorts = report.scorers[0].cohorts.map(({ cohort, queries }) => [cohort, queries]);
  expect(cohorts).toEqual(
    expect.arrayContaining([
      ['new users', 12],
      ['middling users', 24],
      ['heavy users', 12],
    ]),
  );
  expect(candidateTables(report)).toMatch(/new users, ≤ 4 \(12\) +middling users \(24\) +heavy users, ≥ 7 \(12\)/);
});

it('counts what lists reach and how obvious they are: popularity lists what everybody knows', async () => {
  const { scorers, counts } = await evaluate(circles(false), { forms: [] });
  const of = (name: string) => scorers.find((scorer) => scorer.name === name)!;
  const popularity = of('popularity');
  for (const { noveltyBits } of scorers) expect(noveltyBits).toBeGreaterThanOrEqual(popularity.noveltyBits - 1e-9);
  expect(popularity.noveltyBits).toBeGreaterThan(4);
  expect(popularity.noveltyBits).toBeLessThan(Math.log2(counts.videos));
  // Everybody's five are much the same ones; what follows from the last watch is not.
  expect(popularity.coverage).toBeCloseTo(0.3, 10);
  for (const name of ['item-kNN', 'last-item Markov', 'co-occurrence'])
    expect(of(name).coverage).toBeGreaterThanOrEqual(0.9);
});

it('writes the metrics of lists in full: of queries, of users, by cohort', async () => {
  const report = await evaluate(circles(false), { forms: [] });
  const text = candidateTables(report);
  const [header] = text.split('\n').filter((line) => line.startsWith('scorer'));
  expect(header.split(/ {2,}/)).toEqual([
    'scorer',
    'asked at',
    'recall@1',
    'recall@5',
    '95% at 5',
    'mean of users at 5',
    'precision@1',
    'hit rate@1',
    'ndcg@1',
    'map@5',
    'coverage@5',
    'novelty',
  ]);
  const { metrics, users } = report.scorers.find(({ name }) => name === 'last-item Markov')!;
  expect(metrics.hitRate).toEqual(metrics.recall.map((row) => expect.objectContaining({ k: row.k, value: row.value })));
  expect(metrics.precision[1].value).toBeCloseTo(metrics.recall[1].value / 5, 10);
  expect(users).toHaveLength(60);
  expect(users!.reduce((sum, { recall }) => sum + recall / 60, 0)).toBeCloseTo(metrics.recall[1].value, 10);
});

it('tells nobody the time at the end of training: figures stay when the labels move to another season', async () => {
  const figures = async (lastAfterDays: number) => {
    const forms = formsOf({ set: ['epochCount=2'] });
    const { scorers } = await evaluate(circles(true, lastAfterDays), { forms });
    const untold = scorers.filter(({ askedAt }) => askedAt === 'end of training');
    return untold.map(({ kind, name, metrics }) => ({ kind, name, metrics }));
  };
  const figuresNextDay = await figures(0);
  expect(figuresNextDay.some(({ kind }) => kind === 'model')).toBe(true);
  expect(await figures(200)).toEqual(figuresNextDay);
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
