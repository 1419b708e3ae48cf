import { plainTowerRunner, type TowerRunner, type TowerRunnerFactory } from '@watchnext/learning';
import { interestsOf } from './config';
import type { CandidateModel } from './model';
import { scoreVideos } from './video-scores';

/** Numbers in a catalogue's vectors from which a runner scores it: 65,536 videos × 64. Fewer are scored in double precision. */
const LARGE_CATALOGUE = 2 ** 22;
/** Scores that are made at a time: 64 MiB. */
const SCORES_AT_A_TIME = 2 ** 24;
const MOST_USERS_AT_A_TIME = 64;

type ScoredModel = Pick<CandidateModel, 'videoIds' | 'videoVectors' | 'config'>;

/**
 * Scores a whole catalogue for many users: a large one as one layer of a tower, many users at a time, which takes a fraction of
 * the time of user by user.
 */
export class CatalogueScorer {
  private constructor(
    private readonly model: ScoredModel,
    /** Of a large catalogue: from user vectors to the scores of all videos. */
    private readonly runner: TowerRunner | undefined,
  ) {}

  static async of(
    model: ScoredModel,
    createRunner: TowerRunnerFactory = plainTowerRunner,
    largeCatalogue = LARGE_CATALOGUE,
  ): Promise<CatalogueScorer> {
    if (model.videoVectors.length < largeCatalogue) return new CatalogueScorer(model, undefined);
    const { dimensions } = model.config;
    const videoCount = model.videoIds.length;
    const layer = {
      inputSize: dimensions,
      outputSize: videoCount,
      weights: transposed(model.videoVectors, videoCount, dimensions),
      bias: new Float32Array(videoCount),
      activation: 'linear' as const,
    };
    return new CatalogueScorer(model, await createRunner([layer]));
  }

  /**
   * @param userOf vectors of who asks, [interests, dimensions], as `CandidateModel.userVector` gives them
   * @param visit is given each query, in order, and the score of each video; these become others when it returns
   */
  async each<Query>(
    queries: readonly Query[],
    userOf: (query: Query) => Float32Array,
    visit: (query: Query, scores: Float32Array | Float64Array) => void,
  ): Promise<void> {
    const { model, runner } = this;
    if (runner === undefined) {
      const scores = new Float64Array(model.videoIds.length);
      for (const query of queries) visit(query, scoreVideos(model, userOf(query), scores));
      return;
    }
    const videoCount = model.videoIds.length;
    const interests = interestsOf(model.config);
    const width = interests * model.config.dimensions;
    const atATime = Math.floor(SCORES_AT_A_TIME / (interests * videoCount));
    const step = Math.min(Math.max(atATime, 1), MOST_USERS_AT_A_TIME);
    const users = new Float32Array(step * width);
    for (let from = 0; from < queries.length; from += step) {
      const some = queries.slice(from, from + step);
      some.forEach((query, n) => users.set(userOf(query), n * width));
      const scores = await runner.run(users, some.length * interests);
      some.forEach((query, n) => {
        const own = scores.subarray(n * interests * videoCount, (n + 1) * interests * videoCount);
        visit(query, greatestOf(own, videoCount));
      });
    }
  }

  async close(): Promise<void> {
    await this.runner?.close();
  }
}

/** Of each video the greatest of its scores, in place. @param scores [interests, videos] */
function greatestOf(scores: Float32Array, videoCount: number): Float32Array {
  for (let at = videoCount; at < scores.length; at += videoCount) {
    for (let video = 0; video < videoCount; video++) scores[video] = Math.max(scores[video], scores[at + video]);
  }
  return scores.subarray(0, videoCount);
}

/** @returns [columns, rows] */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(values.length);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) turned[column * rows + row] = values[row * columns + column];
  }
  return turned;
}
