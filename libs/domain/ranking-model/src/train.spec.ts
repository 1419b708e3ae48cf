import { NO_STATISTICS, type RankingExample, statisticsFrom } from '@watchnext/features';
import { createRandom, runStack } from '@watchnext/learning';
import { exampleOf, smallConfig, userOf, videoOf } from '../test/builders';
import { NO_CALIBRATION } from './calibration';
import { defaultRankingConfig } from './config';
import type { RankingBatch, RankingEngineFactory } from './engine';
import { referenceRankingEngine } from './reference-engine';
import type { RankingProgress } from './progress';
import { trainRankingModel, type TrainRankingModelOptions } from './train';

const NOTHING_KNOWN = statisticsFrom(NO_STATISTICS);

// Training takes a tenth of a second; on a busy machine, several times that.

const random = createRandom(4);
const EXAMPLES: RankingExample[] = Array.from({ length: 400 }, (_, n) => {
  // Half of the videos are worth a click: there is something to learn.
  const clicked = random.next() < (n % 20 < 10 ? 0.7 : 0.1);
  return exampleOf({
    impressionId: `i${n}`,
    servedAtMs: n,
    video: videoOf({ videoId: `v${n % 20}` }),
    clicked,
    watchSeconds: clicked ? 60 * random.next() : 0,
  });
});

function train(more: Partial<TrainRankingModelOptions> = {}) {
  return trainRankingModel({
    examples: EXAMPLES,
    statisticsAt: () => NOTHING_KNOWN,
    config: smallConfig({ epochs: 2 }),
    createEngine: referenceRankingEngine,
    seed: 9,
    ...more,
  });
}

describe('training', () => {
  it('gives the same model for the same seed, and another for another', async () => {
    const [one, same, other] = [await train(), await train(), await train({ seed: 10 })];
    expect(same.toParts()).toEqual(one.toParts());
    expect(other.tower).not.toEqual(one.tower);
  });

  it('shows every example once an epoch, in another order each time', async () => {
    const seen: number[][] = [];
    const recording: RankingEngineFactory = (network) => {
      const engine = referenceRankingEngine(network);
      return {
        ...engine,
        step: (batch: RankingBatch, rateScale) => {
          // Of the watch time's head; the click's stands beside it.
          seen.push([...batch.positiveWeights].filter((_, i) => i % 2 === 0));
          return engine.step(batch, rateScale);
        },
      };
    };
    await train({ createEngine: recording });
    const [first, second] = [seen.slice(0, 7).flat(), seen.slice(7).flat()];
    expect(first).toHaveLength(400);
    expect(second).not.toEqual(first);
    expect(second.toSorted()).toEqual(first.toSorted());
  });

  it('asks for statistics as of the moment an impression was served', async () => {
    const asked = new Set<string>();
    const none = statisticsFrom(NO_STATISTICS);
    const statisticsAt = (atMs: number) => ({
      ...none,
      ofVideo: (videoId: string) => void asked.add(`${videoId} ${atMs}`),
    });
    await train({ statisticsAt });
    expect(asked).toEqual(new Set(EXAMPLES.map(({ video, servedAtMs }) => `${video.videoId} ${servedAtMs}`)));
  });

  it('learns from a number that varies by rounding alone, and sees the same of it when serving', async () => {
    // The mean of so many watches of 9.2 s each.
    const meanOf = (count: number) =>
      Array<number>(count)
        .fill(9.2)
        .reduce((sum, watch) => sum + watch, 0) / count;
    const means = [1, 2, 3, 4, 5, 6].map(meanOf);
    expect(new Set(means).size).toBeGreaterThan(1);
    const examples = EXAMPLES.map((example, n) => ({
      ...example,
      user: userOf({ values: { meanRecentWatchSeconds: means[n % means.length] } }),
    }));
    const model = await train({ examples });
    const rows = means.map((meanRecentWatchSeconds) => {
      const row = new Float32Array(model.inputSize);
      const user = model.encodeUser(userOf({ values: { meanRecentWatchSeconds } }));
      model.writeInput(user, videoOf({ videoId: 'v1' }), NOTHING_KNOWN, row, 0);
      return [...row];
    });
    expect(rows.flat().every(Number.isFinite)).toBe(true);
    for (const row of rows) expect(row).toEqual(rows[0]);
  });

  it('reports its progress, and a falling loss', async () => {
    const reports: RankingProgress[] = [];
    await train({ config: smallConfig({ epochs: 15 }), onProgress: (report) => reports.push(report) });
    expect(reports.at(-1)).toMatchObject({ epoch: 14, step: 105, stepCount: 105 });
    expect(reports.map((report) => report.step)).toEqual([20, 40, 60, 80, 100, 105]);
    expect(reports.at(-1)!.loss).toBeLessThan(reports[0].loss);
    expect(reports.every((report) => report.examplesPerSecond > 0)).toBe(true);
  });

  it('stops when it is told to, and frees the engine', async () => {
    const controller = new AbortController();
    const disposed = jest.fn();
    const createEngine: RankingEngineFactory = (network) => ({ ...referenceRankingEngine(network), dispose: disposed });
    const training = train({
      createEngine,
      config: smallConfig({ epochs: 1000 }),
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    });
    await expect(training).rejects.toThrow('enough');
    expect(disposed).toHaveBeenCalledTimes(1);
  });

  describe('with more examples than are gone through in a turn', () => {
    const many = Array.from({ length: 40 }, () => EXAMPLES).flat();
    const oneStep = smallConfig({ epochs: 1, batchSize: many.length });

    it('tells how far its other work is', async () => {
      const told: string[] = [];
      await train({ examples: many, config: oneStep, onOtherWork: (work) => told.push(work) });
      expect(many.length).toBeGreaterThan(1_000);
      const parts = told
        .map((work) => /^(.+), (\d+)%$/.exec(work)!)
        .map(([, name, share]) => [name, Number(share)] as const);
      const names = [...new Set(parts.map(([name]) => name))];
      expect(names).toEqual(expect.arrayContaining(['preparing examples', 'preparing inputs']));
      for (const name of names) {
        const shares = parts.filter(([of]) => of === name).map(([, share]) => share);
        expect(shares.length).toBeGreaterThan(4);
        expect(shares).toEqual(shares.toSorted((left, right) => left - right));
        expect(shares.at(-1)).toBe(100);
      }
      // One after the other.
      const switches = parts.filter(([name], n) => name !== parts[n - 1]?.[0]).map(([name]) => name);
      expect(switches).toEqual(names);
    });

    it('stops amid it, before there is an engine', async () => {
      const controller = new AbortController();
      setImmediate(() => controller.abort(new Error('enough')));
      const createEngine = jest.fn(referenceRankingEngine);
      const training = train({ examples: many, config: oneStep, createEngine, signal: controller.signal });
      await expect(training).rejects.toThrow('enough');
      expect(createEngine).not.toHaveBeenCalled();
    });
  });

  it('stops at a loss that is not finite, and names the batch', async () => {
    const createEngine: RankingEngineFactory = (network) => {
      let steps = 0;
      return { ...referenceRankingEngine(network), step: () => (++steps === 10 ? NaN : 1) };
    };
    await expect(train({ createEngine })).rejects.toThrow(
      /the loss of step 9 \(epoch 1, impressions i\d+, i\d+, i\d+, …\) is NaN/,
    );
  });

  it('refuses examples that make no sense, and none at all', async () => {
    await expect(train({ examples: [] })).rejects.toThrow('there are no ranking examples');
    const unwatched = EXAMPLES.map((example) => ({ ...example, clicked: false, watchSeconds: 0 }));
    await expect(train({ examples: unwatched })).rejects.toThrow('no impression was watched');
    const broken = [exampleOf({ impressionId: 'bad', clicked: true, watchSeconds: NaN })];
    await expect(train({ examples: broken })).rejects.toThrow('impression bad (clicked) has NaN watch seconds');
    const impossible = [exampleOf({ impressionId: 'odd', watchSeconds: 3 })];
    await expect(train({ examples: impossible })).rejects.toThrow('impression odd (not clicked) has 3 watch seconds');
    const infinite = [
      exampleOf({ user: userOf({ values: { watchCount: Infinity } }), clicked: true, watchSeconds: 1 }),
    ];
    await expect(train({ examples: infinite })).rejects.toThrow('feature watchCount is Infinity');
  });

  it('takes clicks of no seconds, but refuses a log in which all are', async () => {
    const noSeconds = EXAMPLES.map((example) => ({ ...example, watchSeconds: 0 }));
    await expect(train({ examples: noSeconds })).rejects.toThrow('no impression was watched');
    const some = EXAMPLES.map((example, n) => ({ ...example, watchSeconds: n % 2 === 0 ? 0 : example.watchSeconds }));
    expect((await train({ examples: some })).tower.every(({ weights }) => weights.every(Number.isFinite))).toBe(true);
  });

  it('counts ten hours as the longest watch that counts, and refuses a negative one', async () => {
    const watchedFor = (watchSeconds: number) =>
      EXAMPLES.map((example, n) => (n === 0 ? { ...example, clicked: true, watchSeconds } : example));
    const [threeHours, tenHours] = [
      await train({ examples: watchedFor(10_800) }),
      await train({ examples: watchedFor(36_000) }),
    ];
    expect(tenHours.toParts()).toEqual(threeHours.toParts());
    await expect(train({ examples: watchedFor(-1) })).rejects.toThrow('has -1 watch seconds');
  });

  it('learns from one impression, from one user and one video, and where all were clicked', async () => {
    const one = [exampleOf({ clicked: true, watchSeconds: 20 })];
    for (const examples of [one, Array.from({ length: 300 }, () => one[0])]) {
      const model = await train({ examples });
      const row = new Float32Array(model.inputSize);
      model.writeInput(model.encodeUser(one[0].user), one[0].video, NOTHING_KNOWN, row, 0);
      const score = model.scoreOf(runStack(model.tower, row, 1), 0);
      expect(score.expectedWatchSeconds).toBeGreaterThan(10);
      expect(score.expectedWatchSeconds).toBeLessThan(40);
      expect(score.clickProbability).toBeGreaterThan(0.9);
    }
  });

  it('averages several trainings into one model', async () => {
    const single = await train();
    const three = await train({ config: smallConfig({ epochs: 2, members: 3 }) });
    expect(three.tower.map((layer) => layer.outputSize)).toEqual([24, 2]);
    expect(single.tower.map((layer) => layer.outputSize)).toEqual([8, 2]);
  });

  it('calibrates on the end of the time, or takes over a calibration', async () => {
    const draw = createRandom(8);
    const examples = Array.from({ length: 11_000 }, (_, n) => {
      const clicked = draw.next() < 0.5;
      // What is watched doubles towards the end, which no input tells.
      const watchSeconds = clicked ? (n < 8_800 ? 20 : 40) : 0;
      return exampleOf({
        impressionId: `i${n}`,
        servedAtMs: n,
        video: videoOf({ videoId: `v${n % 40}` }),
        clicked,
        watchSeconds,
      });
    });
    const config = smallConfig({ hiddenSizes: [], epochs: 1, batchSize: 5_000, calibrated: true });
    // What a model knows that has not learned anything: the mean of its examples.
    const createEngine: RankingEngineFactory = (network) => ({ ...referenceRankingEngine(network), step: () => 1 });
    const model = await train({ examples, config, createEngine });
    const { logits, logSeconds } = model.calibration;
    expect(logits.length).toBeGreaterThan(0);
    logits.forEach((logit, i) => expect(Math.exp(logSeconds[i] - logit)).toBeGreaterThan(1.6));
    const again = await train({ examples, config, createEngine, calibration: model.calibration });
    expect(again.toParts()).toEqual(model.toParts());
    const byClicks = await train({ examples, config: { ...config, objective: 'click' }, createEngine });
    expect(byClicks.calibration).toEqual(NO_CALIBRATION);
  });

  it('refuses settings that make no sense', async () => {
    await expect(train({ config: smallConfig({ batchSize: 0 }) })).rejects.toThrow('batchSize must be');
    await expect(train({ config: smallConfig({ idDropout: 1 }) })).rejects.toThrow('idDropout must be below 1');
    await expect(train({ config: smallConfig({ hiddenSizes: [3.5] }) })).rejects.toThrow('hiddenSizes');
    await expect(train({ config: smallConfig({ learningRate: NaN }) })).rejects.toThrow('learningRate must be');
  });

  it('learns with no hidden layer, too', async () => {
    const model = await train({ config: smallConfig({ hiddenSizes: [] }) });
    expect(model.tower).toHaveLength(1);
  });
});

describe('vocabularies', () => {
  it('keep what was clicked most, and every surface that was shown', async () => {
    const shown = (videoId: string, surface: string, clicks: number) =>
      Array.from({ length: 6 }, (_, n) =>
        exampleOf({
          user: userOf({ surface }),
          video: videoOf({ videoId }),
          clicked: n < clicks,
          watchSeconds: n < clicks ? 30 : 0,
        }),
      );
    const examples = [
      ...shown('often', 'home', 5),
      ...shown('some', 'home', 2),
      ...shown('once', 'up-next', 1),
      ...shown('never', 'tv', 0),
    ];
    const model = await train({ examples, config: smallConfig({ maxVideos: 2 }) });
    const { vocabularies } = model.toParts().metadata;
    expect(vocabularies.videos).toEqual(['often', 'some']);
    expect([...vocabularies.surfaces].sort()).toEqual(['home', 'tv', 'up-next']);
  });
});

describe('embeddings', () => {
  /** Widths of the videos' table and of the sources', which has the same rows in each. */
  async function widths(videoCount: number, dimensionsPerLog: number) {
    const examples = Array.from({ length: videoCount }, (_, n) =>
      exampleOf({ impressionId: `i${n}`, video: videoOf({ videoId: `v${n}` }), clicked: true, watchSeconds: 30 }),
    );
    const config = smallConfig({ epochs: 1, maxVideos: videoCount, dimensionsPerLog });
    const { tensors } = (await train({ examples, config })).toParts();
    return ['videos', 'sources'].map((table) => tensors.get(`table.${table}`)!.shape[1]);
  }

  it('have dimensions in proportion to the logarithm of their vocabulary, and two at the least', async () => {
    // ln 20 = 3.0 and ln 400 = 6.0: twice the logarithm, twice the width, for twenty times the rows.
    expect(await widths(19, 2)).toEqual([6, 2]);
    expect(await widths(399, 2)).toEqual([12, 2]);
    expect(await widths(399, 1)).toEqual([6, 2]);
  });
});

describe('the default settings', () => {
  it("grow with the data, up to the paper's tower", () => {
    const sizes = [1e3, 1e5, 1e7, 1e9].map(
      (exampleCount) => defaultRankingConfig({ exampleCount, videoCount: 1000 }).hiddenSizes,
    );
    expect(sizes.map((layers) => layers[0])).toEqual(sizes.map((layers) => layers[0]).toSorted((a, b) => a - b));
    expect(sizes.at(-1)).toEqual([1024, 512, 256]);
    const towerOf = (exampleCount: number) => defaultRankingConfig({ exampleCount, videoCount: 1000 }).hiddenSizes;
    expect([19_999_999, 20_000_000].map(towerOf)).toEqual([
      [512, 256],
      [1024, 512, 256],
    ]);
    expect(defaultRankingConfig({ exampleCount: 0, videoCount: 0 }).maxVideos).toBe(1);
  });
});
