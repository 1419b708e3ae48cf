/**
 * The serving path of ranking, from a user's state to scores: the user's features, columns and part of the first layer once
 * a request, the candidates' columns side by side in one buffer that requests take turns with.
 */
import { setImmediate } from 'node:timers/promises';
import type { RankCandidate, RequestContext, UserState } from '@watchnext/contract';
import {
  type RankingUserFeatures,
  rankingUserFeatures,
  type RankingVideoFeatures,
  rankingVideoFeaturesFor,
  type Statistics,
} from '@watchnext/features';
import { type EncodedUser, RowChecksums, type RankingModel } from '@watchnext/ranking-model';
import { BufferPool } from './buffer-pool';
import type { RankerTower } from './ranker-stack';

/** Candidates whose columns are written before the event loop gets its turn: about a millisecond's work. */
const CANDIDATES_PER_TURN = 64;

/** One request's candidates on their way through the tower. Good until `release`. */
export interface ScoredRows {
  readonly user: RankingUserFeatures;
  readonly encodedUser: EncodedUser;
  /** [candidates, videoSize]; the buffer may be longer. */
  readonly videoRows: Float32Array;
  /** [candidates, headCount]: `model.scoreOf` reads them. */
  readonly logits: Float32Array;
  /** Of the whole rows, as impressions record them. */
  readonly checksums: Float64Array;
  /** Filled for `keepFeatures` only. */
  readonly videos: readonly RankingVideoFeatures[];
}

export class Ranker {
  private readonly buffers = new BufferPool();

  constructor(
    readonly model: RankingModel,
    readonly tower: RankerTower,
    readonly statistics: Statistics,
  ) {}

  /**
   * Scores every candidate, in the order given, and hands the rows to `use` as long as it runs. The same state, context and
   * candidate give the same bits, whatever the other candidates are: replay relies on it.
   */
  async score<T>(
    state: UserState,
    context: RequestContext,
    candidates: readonly RankCandidate[],
    keepFeatures: boolean,
    use: (scored: ScoredRows) => T | Promise<T>,
    /** Looked at between the steps. */
    signal?: AbortSignal,
  ): Promise<T> {
    const { model, tower, statistics } = this;
    const { videoSize } = model;
    const user = rankingUserFeatures(state, context);
    const encodedUser = model.encodeUser(user);
    const featuresOf = rankingVideoFeaturesFor(state, context, candidates.length);
    const videoRows = this.buffers.take(candidates.length * videoSize);
    try {
      const checksums = new Float64Array(candidates.length);
      const hash = new RowChecksums(encodedUser.columns, videoSize);
      const videos: RankingVideoFeatures[] = [];
      for (let i = 0; i < candidates.length; i++) {
        if (i > 0 && i % CANDIDATES_PER_TURN === 0) {
          await setImmediate();
          signal?.throwIfAborted();
        }
        const video = featuresOf(candidates[i]!);
        model.writeVideo(encodedUser, video, statistics, videoRows, i * videoSize);
        checksums[i] = hash.of(videoRows, i * videoSize);
        if (keepFeatures) videos.push(video);
      }
      const logits = await tower.run(encodedUser.columns, videoRows, candidates.length);
      return await use({ user, encodedUser, videoRows, logits, checksums, videos });
    } finally {
      this.buffers.give(videoRows);
    }
  }
}
