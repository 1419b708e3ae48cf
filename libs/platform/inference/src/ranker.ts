/**
 * The serving path of ranking, from a user's state to scores: the user's features and columns once a request, the user's part
 * of the first layer once for each part of the rows, the candidates' columns side by side in one
 * buffer that requests take turns with. The tower is at work on the first rows while the others are written.
 */
import type { RankCandidate, RequestContext, UserState } from '@watchnext/contract';
import {
  NO_SEARCHES,
  RANKING_VIDEO_NUMBERS,
  type RankingUserFeatures,
  rankingUserFeatures,
  type RankingVideoFeatures,
  rankingVideoFeaturesFor,
  type Statistics,
} from '@watchnext/features';
import { type EncodedUser, RowChecksums, type RankingModel } from '@watchnext/ranking-model';
import { breathe } from '@watchnext/waiting';
import { BufferPool } from './buffer-pool';
import { rowPartsFor } from './row-parts';
import type { RankerTower } from './tower';

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
  /** Of the whole rows, as impressions record them; 0 where none was asked for. */
  readonly checksums: Float64Array;
  /** Filled for `keepFeatures` only. */
  readonly videos: readonly RankingVideoFeatures[];
}

export class Ranker {
  private readonly buffers = new BufferPool();
  private readonly partsOf: (rowCount: number) => Iterable<number>;

  constructor(
    readonly model: RankingModel,
    readonly tower: RankerTower,
    readonly statistics: Statistics,
  ) {
    this.partsOf = rowPartsFor(model.tower, model.videoSize);
  }

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
    /** Looked at between the steps; rows that wait for the tower when it is aborted are not computed. */
    signal?: AbortSignal,
    /** Of how many of the best, by expected watch time, the checksums are asked for: a page shows a tenth of what is scored. */
    checksumCount = candidates.length,
  ): Promise<T> {
    const { model, tower, statistics } = this;
    const { videoSize } = model;
    const user = model.looksAtSearches
      ? rankingUserFeatures(state, context)
      : rankingUserFeatures(state, context, NO_SEARCHES);
    const encodedUser = model.encodeUser(user);
    const shared = new Float64Array(RANKING_VIDEO_NUMBERS.length);
    const numbers = keepFeatures ? undefined : () => shared;
    const featuresOf = rankingVideoFeaturesFor(state, context, candidates.length, numbers);
    const videoRows = this.buffers.take(candidates.length * videoSize);
    try {
      const run = tower.begin(encodedUser.columns, videoRows, signal);
      try {
        const videos: RankingVideoFeatures[] = [];
        let row = 0;
        for (const end of this.partsOf(candidates.length)) {
          for (; row < end; row++) {
            if (row > 0 && row % ROWS_PER_TURN === 0) await breathe(signal);
            const video = featuresOf(candidates[row]!);
            model.writeVideo(encodedUser, video, statistics, videoRows, row * videoSize);
            if (keepFeatures) videos.push(video);
          }
          run.advance(end);
        }
        const checksums = new Float64Array(candidates.length);
        const fill = (rows: readonly number[]) =>
          fillChecksums(checksums, rows, encodedUser, videoRows, videoSize, signal);
        const isOfAll = checksumCount >= candidates.length;
        // While the tower computes the last rows; which are the best is known only after them.
        if (isOfAll) await fill([...checksums.keys()]);
        const logits = await run.logits();
        if (!isOfAll) await fill(bestOf(model, logits, candidates.length, checksumCount));
        return await use({ user, encodedUser, videoRows, logits, checksums, videos });
      } finally {
        await run.end();
      }
    } finally {
      this.buffers.give(videoRows);
    }
  }
}

/** The rows of the `count` best, as a caller orders them who gets the scores as float32 and keeps the order of equal ones. */
function bestOf(model: RankingModel, logits: Float32Array, rowCount: number, count: number): number[] {
  const seconds = Float32Array.from({ length: rowCount }, (_, row) => model.scoreOf(logits, row).expectedWatchSeconds);
  const rows = [...seconds.keys()].sort((a, b) => seconds[b]! - seconds[a]! || a - b);
  return rows.slice(0, count);
}

async function fillChecksums(
  checksums: Float64Array,
  rows: readonly number[],
  { columns }: EncodedUser,
  videoRows: Float32Array,
  videoSize: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const hash = new RowChecksums(columns, videoSize);
  for (const [count, row] of rows.entries()) {
    if (count % ROWS_PER_TURN === 0) await breathe(signal);
    checksums[row] = hash.of(videoRows, row * videoSize);
  }
}
