import { plainTowerRunner, type TowerRunner, type TowerRunnerFactory } from '@watchnext/learning';
import { interestsOf } from './config';
import type { CandidateModel } from './model';
import { scoreVideos } from './video-scores';

/** Numbers in a catalogue's vectors from which runners score it: 65,536 videos × 64. Fewer are scored in double precision. */
const LARGE_CATALOGUE = 2 ** 22;
/** Videos of one runner: 64 users' scores of them are a megabyte, as are their vectors of 64, so that both stay in a core's cache. */
const VIDEOS_OF_A_RUNNER = 2 ** 12;
/** Scores that are held at a time: 64 MiB. */
const SCORES_AT_A_TIME = 2 ** 24;
const MOST_USERS_AT_A_TIME = 64;

type ScoredModel = Pick<CandidateModel, 'videoIds' | 'videoVectors' | 'config'>;

/** Some neighbours of a large catalogue. */
interface Block {
  readonly firstVideo: number;
  readonly videoCount: number;
  /** From user vectors to the scores of these videos. */
  readonly runner: TowerRunner;
}

/**
 * Scores a whole catalogue for many users: a large one block by block, each as one layer of a tower, many users at a time, which takes a
 * fraction of the time of user by user. All scores are written into arrays that are made once: of new ones, gigabytes in an
 * evaluation, V8's collector would come again and again, and each time walk all of a trainer's heap.
 */
export class CatalogueScorer {
  private readonly videoCount: number;
  private readonly usersAtATime: number;
  /** [users at a time, videos] */
  private readonly scores: Float32Array | Float64Array;
  /** [users at a time, interests, dimensions] */
  private readonly users: Float32Array;
  /** [users at a time, interests, videos of a runner] */
  private readonly ofBlock: Float32Array;

  private constructor(
    private readonly model: ScoredModel,
    /** Of a large catalogue. */
    private readonly blocks: readonly Block[] | undefined,
  ) {
    this.videoCount = model.videoIds.length;
    const atATime = Math.floor(SCORES_AT_A_TIME / this.videoCount);
    this.usersAtATime = Math.min(Math.max(atATime, 1), MOST_USERS_AT_A_TIME);
    this.scores = blocks ? new Float32Array(this.usersAtATime * this.videoCount) : new Float64Array(this.videoCount);
    const rowsAtATime = blocks ? this.usersAtATime * interestsOf(model.config) : 0;
    this.users = new Float32Array(rowsAtATime * model.config.dimensions);
    this.ofBlock = new Float32Array(rowsAtATime * Math.min(VIDEOS_OF_A_RUNNER, this.videoCount));
  }

  static async of(
    model: ScoredModel,
    createRunner: TowerRunnerFactory = plainTowerRunner,
    largeCatalogue = LARGE_CATALOGUE,
  ): Promise<CatalogueScorer> {
    const { videoVectors } = model;
    if (videoVectors.length < largeCatalogue) return new CatalogueScorer(model, undefined);
    const { dimensions } = model.config;
    const blocks: Block[] = [];
    try {
      for (let firstVideo = 0; firstVideo < model.videoIds.length; firstVideo += VIDEOS_OF_A_RUNNER) {
        const videoCount = Math.min(VIDEOS_OF_A_RUNNER, model.videoIds.length - firstVideo);
        const vectors = videoVectors.subarray(firstVideo * dimensions, (firstVideo + videoCount) * dimensions);
        const layer = {
          inputSize: dimensions,
          outputSize: videoCount,
          weights: transposed(vectors, videoCount, dimensions),
          bias: new Float32Array(videoCount),
          activation: 'linear' as const,
        };
        blocks.push({ firstVideo, videoCount, runner: await createRunner([layer]) });
      }
    } catch (error) {
      await closeAll(blocks).catch(() => undefined);
      throw error;
    }
    return new CatalogueScorer(model, blocks);
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
    const { model, blocks, videoCount, scores } = this;
    if (blocks === undefined) {
      for (const query of queries) visit(query, scoreVideos(model, userOf(query), scores));
      return;
    }
    // As many each time as can be: the runners read the whole catalogue each time.
    const step = Math.ceil(queries.length / Math.ceil(queries.length / this.usersAtATime));
    for (let from = 0; from < queries.length; from += step) {
      const some = queries.slice(from, from + step);
      await this.score(some.map(userOf), blocks);
      some.forEach((query, n) => visit(query, scores.subarray(n * videoCount, (n + 1) * videoCount)));
    }
  }

  /** @throws the first error of a runner's close, when all have been closed */
  async close(): Promise<void> {
    await closeAll(this.blocks ?? []);
  }

  /** Into the rows of `scores`: of each video the greatest of its scores for a user's interests. */
  private async score(userVectors: readonly Float32Array[], blocks: readonly Block[]): Promise<void> {
    const { model, videoCount, scores, ofBlock } = this;
    const interests = interestsOf(model.config);
    const width = interests * model.config.dimensions;
    userVectors.forEach((vectors, n) => this.users.set(vectors, n * width));
    const users = this.users.subarray(0, userVectors.length * width);
    const rowCount = userVectors.length * interests;
    for (const { firstVideo, videoCount: inBlock, runner } of blocks) {
      await runner.run(users, rowCount, ofBlock);
      for (let row = 0; row < rowCount; row++) {
        const own = ofBlock.subarray(row * inBlock, (row + 1) * inBlock);
        const at = Math.floor(row / interests) * videoCount + firstVideo;
        if (row % interests === 0) scores.set(own, at);
        else keepGreater(scores.subarray(at, at + inBlock), own);
      }
    }
  }
}

async function closeAll(blocks: readonly Block[]): Promise<void> {
  const outcomes = await Promise.allSettled(blocks.map(async ({ runner }) => runner.close()));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

/** Each number the greater of both, in place. */
function keepGreater(values: Float32Array | Float64Array, others: Float32Array): void {
  for (let i = 0; i < values.length; i++) values[i] = Math.max(values[i], others[i]);
}

/** @returns [columns, rows] */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(values.length);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) turned[column * rows + row] = values[row * columns + column];
  }
  return turned;
}
