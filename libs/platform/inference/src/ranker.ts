/**
 * The serving path of ranking, from a user's state to scores: the user's features, columns and part of the first layer once
 * a request, the candidates' columns side by side in one buffer that requests take turns with. The tower is at work on the first
 * rows while the others are written.
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
import type { RankerTower } from './tower';

/**
 * Rows that the tower is given first, as soon as they are written. Each part after that is twice the one before, up to
 * `ROWS_PER_TURN`: rows are written in less time than the tower takes for them, so it never waits for long.
 */
const FIRST_ROWS = 32;
/** Rows that are written, or checksums that are computed, before the event loop gets its turn: less than a millisecond's work. */
const ROWS_PER_TURN = 128;

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
    const rowCount = candidates.length;
    const videoRows = this.buffers.take(rowCount * videoSize);
    try {
      const run = tower.begin(encodedUser.columns, videoRows);
      try {
        const videos: RankingVideoFeatures[] = [];
        let row = 0;
        for (let part = FIRST_ROWS; row < rowCount; part = Math.min(2 * part, ROWS_PER_TURN)) {
          if (row > 0) await turn(signal);
          // What would be left is not worth a part of its own.
          const end = rowCount - row < 1.5 * part ? rowCount : row + part;
          for (; row < end; row++) {
            const video = featuresOf(candidates[row]!);
            model.writeVideo(encodedUser, video, statistics, videoRows, row * videoSize);
            if (keepFeatures) videos.push(video);
          }
          run.advance(end);
        }
        // The tower still computes: here is the time for what it does not need.
        const checksums = new Float64Array(rowCount);
        const hash = new RowChecksums(encodedUser.columns, videoSize);
        for (let i = 0; i < rowCount; i++) {
          if (i % ROWS_PER_TURN === 0) await turn(signal);
          checksums[i] = hash.of(videoRows, i * videoSize);
        }
        const logits = await run.logits();
        return await use({ user, encodedUser, videoRows, logits, checksums, videos });
      } finally {
        await run.end();
      }
    } finally {
      this.buffers.give(videoRows);
    }
  }
}

async function turn(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}
