import { NO_STATISTICS, type RankingExample, statisticsFrom } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { exampleOf, smallConfig, userOf, videoOf } from '../test/builders';
import { defaultRankingConfig } from './config';
import type { RankingBatch, RankingEngineFactory } from './engine';
import { referenceRankingEngine } from './reference-engine';
import { trainRankingModel, type RankingProgress, type TrainRankingModelOptions } from './train';

// Training takes a tenth of a second; on a busy machine, several times that.
jest.setTimeout(60_000);

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
    statisticsAt: () => statisticsFrom(NO_STATISTICS),
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
          seen.push([...batch.positiveWeights]);
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

describe('the default settings', () => {
  it("grow with the data, up to the paper's tower", () => {
    const sizes = [1e3, 1e5, 1e7, 1e9].map(
      (exampleCount) => defaultRankingConfig({ exampleCount, videoCount: 1000 }).hiddenSizes,
    );
    expect(sizes.map((layers) => layers[0])).toEqual(sizes.map((layers) => layers[0]).toSorted((a, b) => a - b));
    expect(sizes.at(-1)).toEqual([1024, 512, 256]);
    expect(defaultRankingConfig({ exampleCount: 0, videoCount: 0 }).maxVideos).toBe(1);
  });
});
