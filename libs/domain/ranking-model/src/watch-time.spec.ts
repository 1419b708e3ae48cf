/** What the objectives learn, in worlds whose expected watch times are known. */
import { NO_STATISTICS, type RankingExample, statisticsFrom } from '@watchnext/features';
import { runStack } from '@watchnext/learning';
import { exampleOf, smallConfig, userOf, videoOf } from '../test/builders';
import type { RankingObjective } from './config';
import type { RankingModel } from './ranking-model';
import { referenceRankingEngine } from './reference-engine';
import { trainRankingModel } from './train';

const NOTHING_KNOWN = statisticsFrom(NO_STATISTICS);

interface WorldVideo {
  readonly videoId: string;
  readonly clickRate: number;
  /** Of those who click. */
  readonly meanWatchSeconds: number;
}

const expectedSeconds = (video: WorldVideo) => video.clickRate * video.meanWatchSeconds;

/**
 * Impressions in which every video is clicked and watched exactly as often and as long as it is in the long run, so that
 * a few hundred of each are enough to know its expected watch time.
 */
function impressionsOf(videos: readonly WorldVideo[], impressionsEach: number): RankingExample[] {
  return videos.flatMap(({ videoId, clickRate, meanWatchSeconds }) =>
    Array.from({ length: impressionsEach }, (_, n) => {
      const clicked = Math.floor((n + 1) * clickRate) > Math.floor(n * clickRate);
      return exampleOf({
        video: videoOf({ videoId }),
        clicked,
        watchSeconds: clicked ? meanWatchSeconds * (Math.floor(n * clickRate) % 2 === 0 ? 0.5 : 1.5) : 0,
      });
    }),
  );
}

// Training takes about a second; on a busy machine, several.

function train(
  videos: readonly WorldVideo[],
  objective: RankingObjective,
  impressionsEach = 200,
): Promise<RankingModel> {
  return trainRankingModel({
    examples: impressionsOf(videos, impressionsEach),
    statisticsAt: () => NOTHING_KNOWN,
    config: smallConfig({ objective, epochs: 8, tableLearningRate: 0.2, tableDecay: 0, idDropout: 0 }),
    createEngine: referenceRankingEngine,
    seed: 1,
  });
}

function predictionsOf(model: RankingModel, videos: readonly WorldVideo[]): number[] {
  const rows = new Float32Array(videos.length * model.inputSize);
  const user = model.encodeUser(userOf());
  const nothing = statisticsFrom(NO_STATISTICS);
  videos.forEach(({ videoId }, i) => model.writeInput(user, videoOf({ videoId }), nothing, rows, i * model.inputSize));
  const logits = runStack(model.tower, rows, videos.length);
  return videos.map((_, i) => model.scoreOf(logits, i).expectedWatchSeconds);
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('calibration at a click rate of 44%', () => {
  /** Click rates of 24% to 64%, watch times of 15 to 80 seconds, unrelated to each other. */
  const videos = Array.from({ length: 12 }, (_, i) => ({
    videoId: `v${i}`,
    clickRate: 0.24 + (0.4 * ((i * 5) % 12)) / 11,
    meanWatchSeconds: 15 * 1.16 ** i,
  }));
  const truth = videos.map(expectedSeconds);

  it('is that of the world itself: 44%', () => {
    expect(mean(videos.map((video) => video.clickRate))).toBeCloseTo(0.44, 10);
  });

  it('is right by default, over all and for each video', async () => {
    const predictions = predictionsOf(await train(videos, 'expected-watch-time'), videos);
    expect(mean(predictions) / mean(truth)).toBeGreaterThan(0.96);
    expect(mean(predictions) / mean(truth)).toBeLessThan(1.04);
    predictions.forEach((prediction, i) => expect(Math.abs(Math.log(prediction / truth[i]))).toBeLessThan(0.16));
  });

  it("is off by 1 / (1 − click rate) in the paper's form", async () => {
    const predictions = predictionsOf(await train(videos, 'paper'), videos);
    const known = videos.map((video) => expectedSeconds(video) / (1 - video.clickRate));
    expect(mean(known) / mean(truth)).toBeGreaterThan(1.7);
    expect(mean(predictions) / mean(known)).toBeGreaterThan(0.95);
    expect(mean(predictions) / mean(known)).toBeLessThan(1.05);
    predictions.forEach((prediction, i) => expect(Math.abs(Math.log(prediction / known[i]))).toBeLessThan(0.2));
  });

  it('is the odds of a click when watch time does not weigh', async () => {
    const odds = predictionsOf(await train(videos, 'click'), videos);
    const known = videos.map(({ clickRate }) => clickRate / (1 - clickRate));
    odds.forEach((value, i) => expect(Math.abs(Math.log(value / known[i]))).toBeLessThan(0.2));
  });
});

describe('a world with clickbait', () => {
  /** Half the videos are clicked much and left at once; the others the reverse. */
  const videos = Array.from({ length: 24 }, (_, i) =>
    i % 2 === 0
      ? { videoId: `bait${i}`, clickRate: 0.5 + 0.01 * i, meanWatchSeconds: 8 }
      : { videoId: `good${i}`, clickRate: 0.1 + 0.01 * i, meanWatchSeconds: 120 },
  );

  /** True expected seconds of the six videos that come first. */
  const secondsOfTopSix = (scores: readonly number[]) =>
    mean(
      videos
        .map((video, i) => ({ video, score: scores[i] }))
        .sort((a, b) => b.score - a.score)
        .slice(0, 6)
        .map(({ video }) => expectedSeconds(video)),
    );

  it('is seen through by watch time, and not by clicks', async () => {
    const weighted = secondsOfTopSix(predictionsOf(await train(videos, 'expected-watch-time', 60), videos));
    const unweighted = secondsOfTopSix(predictionsOf(await train(videos, 'click', 60), videos));
    const oracle = secondsOfTopSix(videos.map(expectedSeconds));
    expect(weighted).toBeGreaterThan(0.9 * oracle);
    expect(weighted).toBeGreaterThan(3 * unweighted);
  });
});

describe('the click head', () => {
  it('gives the probability of a click, and with it the odds that the paper ranks by', async () => {
    const videos = [0.2, 0.4, 0.6].map((clickRate, i) => ({ videoId: `v${i}`, clickRate, meanWatchSeconds: 30 }));
    const model = await train(videos, 'expected-watch-time', 500);
    const rows = new Float32Array(videos.length * model.inputSize);
    const user = model.encodeUser(userOf());
    const nothing = statisticsFrom(NO_STATISTICS);
    videos.forEach(({ videoId }, i) =>
      model.writeInput(user, videoOf({ videoId }), nothing, rows, i * model.inputSize),
    );
    const logits = runStack(model.tower, rows, videos.length);
    videos.forEach(({ clickRate }, i) =>
      expect(Math.abs(model.scoreOf(logits, i).clickProbability - clickRate)).toBeLessThan(0.06),
    );
  });
});

describe('position', () => {
  /** The better videos have stood at the bottom, where one of four lists is looked at. */
  const worth = [5, 10, 20, 40];
  const examples = Array.from({ length: 4_000 }, (_, n) => {
    const video = n % 4;
    const position = n % 5 === 0 ? 3 - video : video;
    const seen = position === 0 || Math.floor(n / 4) % (1 + position) === 0;
    return exampleOf({
      position,
      video: videoOf({ videoId: `v${video}` }),
      clicked: seen,
      watchSeconds: seen ? worth[video] : 0,
    });
  });
  const model = () =>
    trainRankingModel({
      examples,
      statisticsAt: () => NOTHING_KNOWN,
      config: smallConfig({ hiddenSizes: [], epochs: 6, tableLearningRate: 0.3, tableDecay: 0, idDropout: 0 }),
      createEngine: referenceRankingEngine,
      seed: 1,
    });
  const ask = (trained: RankingModel, video: number, position?: number) => {
    const row = new Float32Array(trained.inputSize);
    const nothing = statisticsFrom(NO_STATISTICS);
    trained.writeInput(trained.encodeUser(userOf()), videoOf({ videoId: `v${video}` }), nothing, row, 0, position);
    return trained.scoreOf(runStack(trained.tower, row, 1), 0).expectedWatchSeconds;
  };

  it('explains what it does, so that videos are told apart by what they are worth, and is not served', async () => {
    const trained = await model();
    const served = worth.map((_, video) => ask(trained, video));
    expect(served).toEqual(served.toSorted((a, b) => a - b));
    // In the log the worst and the best earned nearly the same; at the first place the best earns several times as much.
    expect(served[3] / served[0]).toBeGreaterThan(4);
    expect(ask(trained, 3, 3)).toBeLessThan(0.6 * served[3]);
    expect(ask(trained, 3, 0)).toBe(served[3]);
  });
});
