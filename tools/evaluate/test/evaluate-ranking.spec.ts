/** A small world of impressions through the whole of the tool: split, train, score, compare, describe. */
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DAY_MS, type StatisticsTimeline } from '@watchnext/features';
import { referenceRankingEngine } from '@watchnext/ranking-model';
import { evaluateRanking, type EvaluateRankingOptions } from '../src/ranking/evaluate';
import { readPeerScores } from '../src/ranking/peer-scores';
import { rankingTables } from '../src/ranking/table';
import { rankingVariants } from '../src/ranking/variants';
import { FIRST_DAY_MS, silent, world } from './ranking-world';

jest.setTimeout(120_000); // for machines under load; it takes two seconds

const SMALL = ['hiddenSizes=[4]', 'epochs=3', 'learningRate=0.01'];
const evaluate = (change: Partial<EvaluateRankingOptions> = {}, replayed = world()) =>
  evaluateRanking(replayed, {
    source: 'world',
    testFromMs: FIRST_DAY_MS + 8 * DAY_MS,
    testDays: 2,
    part: 'test',
    variants: rankingVariants([], SMALL),
    seeds: [1],
    createEngine: referenceRankingEngine,
    signal: new AbortController().signal,
    progress: silent,
    ...change,
  });

/** A thousand clicks on the worst video on a day, in the counts only. */
const worstClickedOften = (day: number) => (statistics: StatisticsTimeline) => {
  const shown = { videoId: 'video-0', channelId: 'c', topics: [], surface: 'home', country: '' };
  for (let i = 0; i < 1_000; i++) statistics.addImpression(FIRST_DAY_MS + day * DAY_MS, shown, true, 500);
};

it('puts the model, in both of its orders, beside what counting achieves', async () => {
  const report = await evaluate();
  expect(report.counts).toMatchObject({ trainingImpressions: 1_280, impressions: 320, users: 50 });
  const [byTime, byOdds] = report.scorers.filter(({ kind }) => kind === 'model');
  expect(byTime.orders).toBe('expected watch time');
  expect(byOdds.orders).toMatch(/odds/);
  expect(byTime.weightedPerUserLoss.value).toBeLessThan(0.4);
  // Worth lies in the videos alone here, so counting them is the best there is.
  expect(byTime.againstFloor?.difference).toBeGreaterThanOrEqual(0);
  expect(byTime.watchTimeRmseSeconds).toBeGreaterThan(byTime.watchTimeMaeSeconds!.value);
  for (const [value, ends, widest] of [
    [byTime.clickAuc, byTime.clickAucInterval95!, 0.3],
    [byTime.watchTimeRmseSeconds!, byTime.watchTimeRmseInterval95!, 10],
  ] as const) {
    expect(ends[0]).toBeLessThan(value);
    expect(ends[1]).toBeGreaterThan(value);
    expect(ends[1] - ends[0]).toBeLessThan(widest);
  }
  expect(byTime.calibration?.decile.reduce((sum, row) => sum + row.impressionCount, 0)).toBe(320);
  expect(byTime.calibration?.position.map(({ bucket }) => bucket)).toEqual(['0', '1', '2', '3 to 4']);
  expect(byTime.calibration?.uploadAge.map(({ bucket }) => bucket)).toEqual(['under 30 d']);
  expect(rankingTables(report)).toMatch(/item expected watch time x surface odds/);
  expect(rankingTables(report)).toContain(
    `${byTime.clickAuc.toFixed(4)} (${byTime.clickAucInterval95!.map((end) => end.toFixed(4)).join(' to ')})`,
  );
});

it('predicts with statistics of the split, so that no held-out label is seen', async () => {
  // The worst video is clicked on the first held-out day; the second would know.
  const later = world(worstClickedOften(8));
  const [report, told] = [await evaluate(), await evaluate({}, later)];
  const figures = ({ scorers }: typeof report) => scorers.map((scorer) => ({ ...scorer, trainingSeconds: 0 }));
  expect(figures(told)).toEqual(figures(report));
});

it('measures with counts as old as those that a snapshot serves with, on request', async () => {
  // The worst video is clicked on the last day before the split, which no settled impression tells yet.
  const unsettled = world(worstClickedOften(7));
  const variants = rankingVariants(['counts'], SMALL);
  const [plain, told] = [await evaluate({ variants }), await evaluate({ variants }, unsettled)];
  const losses = ({ scorers }: typeof plain) =>
    scorers.filter(({ config }) => config).map(({ weightedPerUserLoss }) => weightedPerUserLoss.value);
  const [fresh, older, olderInTraining] = losses(plain);
  const [freshTold, ...otherwise] = losses(told);
  expect(freshTold).not.toBe(fresh);
  expect(otherwise).toEqual([older, olderInTraining]);
  expect(older).not.toBe(olderInTraining);
});

it('measures forms of the model, and leaves the test part alone when settings are chosen', async () => {
  const report = await evaluate({ part: 'validation', variants: rankingVariants(['objectives'], SMALL) });
  expect(report.counts.trainingImpressions).toBeLessThan(1_280);
  const names = report.scorers.filter(({ kind }) => kind === 'model').map(({ name }) => name);
  expect(new Set(names)).toEqual(new Set(['model', "paper's form", 'equal weights']));
});

it('compares each form with the default, paired on users, seeds together', async () => {
  const forms = [
    { name: 'model', change: { hiddenSizes: [4], epochs: 3, learningRate: 0.01 } },
    { name: 'the same', change: { hiddenSizes: [4], epochs: 3, learningRate: 0.01 } },
    { name: 'hardly trained', change: { hiddenSizes: [4], epochs: 1, learningRate: 0, tableLearningRate: 0 } },
  ];
  const report = await evaluate({ part: 'validation', variants: () => forms, seeds: [1, 2] });
  const [same, untrained] = report.comparisons!;
  expect(same).toMatchObject({ form: 'the same', gain: 0, interval95: [0, 0], verdict: 'cannot be told' });
  expect(same.lossBySeed).toEqual(same.defaultLossBySeed);
  expect(untrained.gain).toBeLessThan(0);
  expect(untrained.interval95[1]).toBeLessThan(0);
  expect(untrained.acrossSeeds95).toHaveLength(2);
  const rows = report.scorers.filter(({ name, config }) => name === 'hardly trained' && config);
  expect(untrained.lossBySeed).toEqual(rows.map(({ weightedPerUserLoss }) => weightedPerUserLoss.value));
  expect(rankingTables(report)).toMatch(/by how much less each form loses than the default/);
});

it('trains what is not kept, and goes on where it was stopped', async () => {
  const keep = await mkdtemp(join(tmpdir(), 'watchnext-scores-'));
  try {
    let trainings = 0;
    const createEngine: typeof referenceRankingEngine = (...given) => {
      trainings++;
      return referenceRankingEngine(...given);
    };
    const trainingsOf = async (change: Partial<EvaluateRankingOptions>, replayed = world()) => {
      trainings = 0;
      const { scorers } = await evaluate({ keep, createEngine, ...change }, replayed);
      return { trainings, scorers };
    };
    const plain = await evaluate({ seeds: [1, 2] });
    const first = await trainingsOf({});
    const second = await trainingsOf({ seeds: [1, 2] });
    const again = await trainingsOf({ seeds: [1, 2] });
    expect(first.trainings).toBeGreaterThan(0);
    expect([second.trainings, again.trainings]).toEqual([first.trainings, 0]);
    expect(again.scorers).toEqual(second.scorers);
    const withoutTimes = ({ scorers }: Pick<typeof plain, 'scorers'>) =>
      scorers.map((scorer) => ({ ...scorer, trainingSeconds: 0 }));
    expect(withoutTimes(second)).toEqual(withoutTimes(plain));
    // Other settings, other statistics, other impressions: other models.
    expect((await trainingsOf({ variants: rankingVariants([], ['hiddenSizes=[3]', 'epochs=1']) })).trainings).not.toBe(
      0,
    );
    const older: EvaluateRankingOptions['variants'] = (size) => rankingVariants(['counts'], SMALL)(size).slice(1, 2);
    expect((await trainingsOf({ variants: older })).trainings).not.toBe(0);
    expect((await trainingsOf({ testFromMs: FIRST_DAY_MS + 7 * DAY_MS })).trainings).not.toBe(0);
    const { rankingExamples, ...rest } = world();
    const changed = rankingExamples.map((example, i) =>
      i === 3 ? { ...example, watchSeconds: 7, clicked: true } : example,
    );
    expect((await trainingsOf({}, { ...rest, rankingExamples: changed })).trainings).not.toBe(0);
    // A file that the disk lost a part of is made again.
    for (const name of await readdir(keep)) await truncate(join(keep, name), 10);
    expect((await trainingsOf({})).trainings).toBe(first.trainings);
  } finally {
    await rm(keep, { recursive: true });
  }
});

it('gives the same figures for the same seed', async () => {
  const figures = async () => (await evaluate()).scorers.map(({ weightedPerUserLoss }) => weightedPerUserLoss);
  expect(await figures()).toEqual(await figures());
});

it('shows what chance and the middle one would do, below all counting', async () => {
  const { scorers } = await evaluate();
  const of = (name: string) => scorers.find((scorer) => scorer.name === name)!;
  const [random, median] = [of('random'), of('median of training')];
  expect(random).toMatchObject({ kind: 'baseline', orders: 'chance' });
  expect(random.weightedPerUserLoss.interval95[0]).toBeLessThan(0.5);
  expect(random.weightedPerUserLoss.interval95[1]).toBeGreaterThan(0.4);
  expect(random.weightedPerUserLoss.value).toBeGreaterThan(of('item expected watch time').weightedPerUserLoss.value);
  expect(random.watchTimeMaeSeconds).toBeUndefined();
  // All alike is half wrong; of more than half of the impressions nobody watched a second.
  expect([median.weightedPerUserLoss.value, median.clickAuc]).toEqual([0.5, 0.5]);
  const heldOut = world().rankingExamples.slice(1_280);
  const watched = heldOut.reduce((sum, { watchSeconds }) => sum + watchSeconds, 0);
  expect(median.watchTimeMaeSeconds!.value).toBeCloseTo(watched / heldOut.length, 10);
});

it('tells for whom and of which videos it orders how well', async () => {
  const log = world();
  const { rankingExamples } = log;
  // The first twenty users are new: nothing is known of them before the test days.
  const isNew = (userId: string) => Number(userId.slice('user-'.length)) < 20;
  const heldOut = rankingExamples.slice(1_280);
  const left = rankingExamples.filter((example, i) => i >= 1_280 || !isNew(example.userId));
  const facts = new Map(
    [...log.facts].map(([videoId, fact]) => [
      videoId,
      { ...fact, uploadedAtMs: videoId === 'video-9' || videoId === 'video-0' ? FIRST_DAY_MS + 7 * DAY_MS : 1 },
    ]),
  );
  const report = await evaluate({}, { ...log, rankingExamples: left, facts });
  const [model] = report.scorers.filter(({ kind }) => kind === 'model');
  const of = (name: string) => model.cohorts!.find(({ cohort }) => cohort === name)!;
  // Beside them the tenth of the others that watched least.
  const { newUserWatches, heavyUserWatches } = report.cohortLimits!;
  const watchedOf = (user: string) =>
    left.slice(0, -320).filter(({ userId, clicked }) => userId === user && clicked).length;
  const newcomers = heldOut.filter(({ userId }) => watchedOf(userId) <= newUserWatches).map(({ userId }) => userId);
  expect(new Set(newcomers.filter(isNew)).size).toBe(20);
  expect(of('new users').impressions).toBe(newcomers.length);
  const young = heldOut.filter(({ video }) => ['video-9', 'video-0'].includes(video.videoId));
  expect(of('new videos').impressions).toBe(young.length);
  // Of two videos the one that is clicked ten times as often.
  expect(of('new videos').clickAuc.value).toBeGreaterThan(0.6);
  const users = ['new users', 'middling users', 'heavy users'].map(of);
  expect(users.reduce((sum, { impressions }) => sum + impressions, 0)).toBe(320);
  expect(users.reduce((sum, { pagesWithPairs }) => sum + pagesWithPairs, 0)).toBe(report.counts.pagesWithPairs);
  for (const { weightedPerUserLoss: loss } of users) {
    expect(loss.value).toBeLessThan(0.5);
  }
  // Of the few heavy ones there is none.
  expect(of('heavy users').weightedPerUserLoss.interval95).toEqual([NaN, NaN]);
  for (const { weightedPerUserLoss: loss } of [of('new users'), of('middling users')]) {
    expect(loss.interval95[0]).toBeLessThanOrEqual(loss.value);
    expect(loss.interval95[1]).toBeGreaterThanOrEqual(loss.value);
  }
  expect(rankingTables(report)).toContain(`new users, ≤ ${newUserWatches} (${of('new users').impressions})`);
  expect(rankingTables(report)).toContain(`heavy users, ≥ ${heavyUserWatches} (${of('heavy users').impressions})`);
});

describe('rows of the hidden layers of Table 1', () => {
  const rowsOf = (exampleCount: number, set: string[] = []) =>
    rankingVariants(['layers'], set)({ exampleCount, videoCount: 10 }).slice(1);

  it('go by the tower that is the default for so many impressions', () => {
    const names = (exampleCount: number) => rowsOf(exampleCount).map(({ name }) => name);
    const of = (unit: number) => [
      'no hidden layer',
      ...[[1], [2], [4], [2, 1], [4, 2], [4, 2, 1]].map((row) => row.map((n) => n * unit).join('→')),
    ];
    expect(names(100_000)).toEqual(of(32));
    expect(names(5_000)).toEqual(of(16));
    expect(names(2_000_000)).toEqual(of(128));
  });

  it('are whole numbers, each row another one, whatever the default is set to', () => {
    for (const set of ['[]', '[33]', '[1]', '[7,3]']) {
      const rows = rowsOf(5_000, [`hiddenSizes=${set}`]);
      const sizes = rows.flatMap(({ change }) => change.hiddenSizes!);
      expect(sizes.every((size) => Number.isInteger(size) && size >= 1)).toBe(true);
      expect(new Set(rows.map(({ name }) => name)).size).toBe(7);
    }
  });
});

it('refuses comparisons and settings that there are not', () => {
  expect(() => rankingVariants(['layres'])).toThrow('there is no comparison "layres"');
  expect(() => rankingVariants(['toString'])).toThrow('there is no comparison "toString"');
  expect(() => rankingVariants([], ['rate=3'])).toThrow('"rate=3" sets nothing');
});

describe("a peer's scores", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'watchnext-peer-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const peerFile = async (lines: readonly string[]) => {
    const file = join(folder, `${lines.length}.csv`);
    await writeFile(file, ['user_id,video_id,time_ms,is_click,watch_seconds,score', ...lines, ''].join('\n'));
    return file;
  };

  it('are compared with on the pages that it scored, paired on users', async () => {
    const test = world().rankingExamples.slice(1_280);
    // The peer knows the outcome.
    const lines = test.map(({ userId, video, clicked, watchSeconds }) =>
      [userId.slice(5), video.videoId.slice(6), 0, clicked ? 1 : 0, watchSeconds, watchSeconds].join(','),
    );
    const file = await peerFile([...lines, '999,1,0,0,0,3.5']);
    const report = await evaluate({ readPeer: (impressions) => readPeerScores(file, impressions) });
    expect(report.counts).toMatchObject({ peerMatched: 320, peerUnmatchedRows: 1 });
    const peer = report.scorers.find(({ kind }) => kind === 'peer');
    expect(peer?.weightedPerUserLoss.value).toBe(0);
    const floor = report.scorers.find(({ name }) => name === peer?.againstFloor?.scorer);
    expect(peer?.againstFloor?.difference).toBeCloseTo(-floor!.weightedPerUserLoss.value, 10);
    expect(peer?.againstFloor?.interval95[1]).toBeLessThan(0);
    const model = report.scorers.find(({ kind }) => kind === 'model');
    expect(model?.againstPeer?.difference).toBeCloseTo(model!.weightedPerUserLoss.value, 10);
    expect(model?.againstPeer?.interval95[0]).toBeGreaterThan(0);
  });

  it('stand in the table under a name, in each of their orders, with how many times their loss that of the model is', async () => {
    const test = world().rankingExamples.slice(1_280);
    const lines = test.map(({ userId, video, clicked, watchSeconds, impressionId }, i) =>
      [
        userId,
        video.videoId,
        clicked ? 1 : 0,
        watchSeconds,
        watchSeconds + (i % 3 === 0 ? 9 : 0),
        i,
        impressionId,
      ].join(','),
    );
    const file = join(folder, 'orders.csv');
    // Ids tell them apart, whatever their order.
    await writeFile(
      file,
      ['user_id,video_id,is_click,watch_seconds,score,odds,impression_id', ...lines.reverse(), ''].join('\n'),
    );
    const report = await evaluate({
      peerName: 'oracle',
      readPeer: (impressions) => readPeerScores(file, impressions, ['score', 'odds']),
      seeds: [1, 2],
    });
    expect(report.counts).toMatchObject({ peerMatched: 320, peerUnmatchedRows: 0 });
    const [byScore, byOdds, ...more] = report.scorers.filter(({ kind }) => kind === 'peer');
    expect(more).toEqual([]);
    expect([byScore, byOdds].map(({ name, orders }) => [name, orders])).toEqual([
      ['oracle', 'its score'],
      ['oracle', 'its odds'],
    ]);
    const [first, , second] = report.scorers.filter(({ kind }) => kind === 'model');
    const losses = [first, second].map(({ weightedPerUserLoss }) => weightedPerUserLoss.value);
    const [compared] = report.peerComparisons!;
    expect(report.peerComparisons).toHaveLength(4);
    expect(compared).toMatchObject({ form: 'model', peer: 'oracle', peerOrders: 'its score', lossBySeed: losses });
    const peerLoss = byScore.weightedPerUserLoss.value;
    expect(compared.gain).toBeCloseTo((losses[0] + losses[1]) / 2 - peerLoss, 10);
    expect(compared.times.value).toBeCloseTo((losses[0] + losses[1]) / 2 / peerLoss, 10);
    expect(compared.times.interval95[0]).toBeLessThan(compared.times.value);
    expect(compared.times.interval95[1]).toBeGreaterThan(compared.times.value);
    const [low, high] = compared.times.acrossSeeds95!;
    expect((low + high) / 2).toBeCloseTo(compared.times.value, 10);
    expect(first.timesPeer?.value).toBeCloseTo(losses[0] / peerLoss, 10);
    expect(rankingTables(report)).toMatch(/over oracle/);
  });

  it('of a part of the impressions have their figures on that part', async () => {
    const some = world().rankingExamples.slice(1_280, 1_440);
    const lines = some.map(({ userId, video, clicked, watchSeconds, impressionId }) =>
      [userId, video.videoId, clicked ? 1 : 0, watchSeconds, clicked ? 1 : 0, impressionId].join(','),
    );
    const file = join(folder, 'part.csv');
    await writeFile(file, ['user_id,video_id,is_click,watch_seconds,score,impression_id', ...lines, ''].join('\n'));
    const report = await evaluate({ readPeer: (impressions) => readPeerScores(file, impressions) });
    expect(report.counts).toMatchObject({ peerMatched: 160 });
    const peer = report.scorers.find(({ kind }) => kind === 'peer')!;
    expect([peer.weightedPerUserLoss.value, peer.clickAuc, peer.groupedClickAuc.value]).toEqual([0, 1, 1]);
  });

  it('are refused of an impression twice, or of another outcome', async () => {
    const [{ userId, video, impressionId, clicked, watchSeconds }] = world().rankingExamples;
    const read = async (...outcomes: (readonly [number, number])[]) => {
      const file = join(folder, 'outcomes.csv');
      const rows = outcomes.map(([click, seconds]) =>
        [userId, video.videoId, click, seconds, 1, impressionId].join(','),
      );
      await writeFile(file, ['user_id,video_id,is_click,watch_seconds,score,impression_id', ...rows, ''].join('\n'));
      return readPeerScores(file, world().rankingExamples);
    };
    const own = [clicked ? 1 : 0, watchSeconds] as const;
    await expect(read(own)).resolves.toMatchObject({ matchedCount: 1 });
    await expect(read(own, own)).rejects.toThrow(`line 3: a second score of impression ${impressionId}`);
    await expect(read([1, watchSeconds + 1])).rejects.toThrow('line 2: user, video or outcome is not that of');
  });

  it('are refused where they are no numbers, or of other impressions', async () => {
    const read = async (lines: string[]) => readPeerScores(await peerFile(lines), world().rankingExamples);
    await expect(read(['0,1,0,0,0,'])).rejects.toThrow('line 2: score is no number');
    for (const click of ['True', 'false', ''])
      await expect(read([`0,1,0,${click},0,1`])).rejects.toThrow(`line 2: is_click is neither 0 nor 1: "${click}"`);
    await expect(read(['999,1,0,0,0,1', '998,1,0,0,0,1'])).rejects.toThrow('has no score of any impression');
  });
});
