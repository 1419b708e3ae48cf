/** What a model that was trained on one part of the impressions makes of the other. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { RankingExample, Statistics } from '@watchnext/features';
import { onnxTowerRunner } from '@watchnext/inference';
import { predictImpressions } from '@watchnext/offline';
import { type RankingEngineFactory, type RankingModelConfig, trainRankingModel } from '@watchnext/ranking-model';
import { codeKeyOf, RANKING_PACKAGES } from '../code-key';
import { LossCurve, type LossPoint } from '../document/loss-curve';
import { keepValue, keptValue } from '../kept-files';
import type { Progress } from '../progress';

export interface ModelScores {
  /** By impression: at the first place, as served. */
  readonly expectedWatchSeconds: Float64Array;
  readonly clickProbability: Float64Array;
  /** Where it was shown. */
  readonly secondsWhereShown: Float64Array;
  readonly headCount: number;
  readonly trainingSeconds: number;
  readonly lossCurve: readonly LossPoint[];
}

export interface ModelToScore {
  readonly name: string;
  readonly config: RankingModelConfig;
  readonly seed: number;
  readonly training: readonly RankingExample[];
  readonly heldOut: readonly RankingExample[];
  readonly trainingStatisticsAt: (atMs: number) => Statistics;
  readonly statisticsAt: (atMs: number) => Statistics;
}

export interface ScoreOptions {
  readonly createEngine: RankingEngineFactory;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

export async function scoresOfModel(model: ModelToScore, options: ScoreOptions): Promise<ModelScores> {
  const { name, config, seed, training, heldOut, statisticsAt } = model;
  const { createEngine, signal, progress } = options;
  const task = progress.start(`train ${name}, seed ${seed}`, 'steps');
  const curve = new LossCurve();
  const startedAt = performance.now();
  let last = { step: 0, stepCount: 1 };
  const trained = await trainRankingModel({
    examples: training,
    statisticsAt: model.trainingStatisticsAt,
    config,
    createEngine,
    createRunner: onnxTowerRunner,
    seed,
    signal,
    onProgress: ({ step, stepCount, loss }) => {
      curve.add(step, loss);
      last = { step, stepCount };
      task.note(`loss ${loss.toFixed(3)}`);
      task.update(step, stepCount);
    },
    onOtherWork: (work) => {
      task.note(work);
      task.update(last.step, last.stepCount);
    },
  });
  task.finish();
  const trainingSeconds = (performance.now() - startedAt) / 1000;
  const served = await predictImpressions(trained, heldOut, { statisticsAt, signal });
  const shown = await predictImpressions(trained, heldOut, { statisticsAt, position: 'logged', signal });
  return {
    expectedWatchSeconds: served.expectedWatchSeconds,
    clickProbability: served.clickProbability,
    secondsWhereShown: shown.expectedWatchSeconds,
    headCount: trained.headCount,
    trainingSeconds,
    lossCurve: curve.read(),
  };
}

/** Raised when what is kept changes. */
const VERSION = 1;

/**
 * Scores that are kept in a folder, so that what was stopped goes on with the model that it was at, and seeds may be trained one
 * at a time. Under names that change with the code, the model's settings and the impressions.
 */
export class KeptScores {
  private readonly impressions: string;

  /** @param made what the impressions and their statistics were taken by, besides the log */
  constructor(
    private readonly folder: string,
    training: readonly RankingExample[],
    heldOut: readonly RankingExample[],
    private readonly made: unknown,
  ) {
    this.impressions = digestOf([training, heldOut]);
  }

  async scoresOf(
    { config, seed }: Pick<ModelToScore, 'config' | 'seed'>,
    variant: unknown,
    make: () => Promise<ModelScores>,
  ): Promise<ModelScores> {
    const said = [
      VERSION,
      codeKeyOf(RANKING_PACKAGES, [__filename]),
      this.impressions,
      this.made,
      variant,
      config,
      seed,
    ];
    const name = createHash('sha256').update(JSON.stringify(said)).digest('hex').slice(0, 24);
    const file = join(this.folder, `${name}.scores`);
    const kept = keptValue(file) as ModelScores | undefined;
    if (kept !== undefined) return kept;
    const scores = await make();
    keepValue(file, scores);
    return scores;
  }
}

function digestOf(parts: readonly (readonly RankingExample[])[]): string {
  const hash = createHash('sha256');
  for (const examples of parts) {
    const numbers = new Float64Array(4 * examples.length);
    for (const [i, { userId, servedAtMs, position, clicked, watchSeconds, user, video }] of examples.entries()) {
      numbers.set([servedAtMs, position, clicked ? 1 : 0, watchSeconds], 4 * i);
      const { lastWatchedVideoId, seedVideoId, surface, country, device, searches } = user;
      const texts = [
        userId,
        lastWatchedVideoId,
        seedVideoId,
        surface,
        country,
        device,
        ...searches.tokens,
        '',
        ...searches.last,
      ];
      hash.update(
        `${texts.join('\n')}\n\n${[video.videoId, video.channelId, video.source, ...video.topics].join('\n')}\n\n`,
      );
      hash.update(user.numbers).update(video.numbers);
    }
    hash.update(`${examples.length}\n`).update(numbers);
  }
  return hash.digest('hex');
}
