/** The command behind Rank: expected watch seconds of candidates; it knows nothing of gRPC. */
import type { FeatureValue, RankCandidate, RankScore, RequestContext, ScorePart, UserState } from '@watchnext/contract';
import type { RankingUserFeatures, RankingVideoFeatures } from '@watchnext/features';
import type { Ranker, ScoredRows } from '@watchnext/inference';
import type { RawFeature } from '@watchnext/ranking-model';
import { scoreParts } from './explain';
import type { RankingSnapshot } from './ranking-snapshot';

export interface RankQuery {
  readonly state: UserState;
  readonly context: RequestContext;
  /** 1 to 2,000. */
  readonly candidates: readonly RankCandidate[];
  readonly explain: boolean;
  /** Of how many of the best the checksums of the features are asked for; 0: of all. */
  readonly checksumCount: number;
}

/** Of every score that is not explained: a list has hundreds of them. */
const UNEXPLAINED = Object.freeze([]) as never[];

/**
 * Scores every candidate, in the order given. The same snapshot, state, context and candidate give the same bits,
 * whatever the other candidates are: replay relies on it.
 */
export function rank(
  { ranker }: Pick<RankingSnapshot, 'ranker'>,
  { state, context, candidates, explain, checksumCount }: RankQuery,
  /** Looked at before each run of the tower, and while its rows wait. */
  signal: AbortSignal,
): Promise<RankScore[]> {
  signal.throwIfAborted();
  const { model } = ranker;
  const use = async (scored: ScoredRows) => {
    const { logits, checksums } = scored;
    const parts = explain ? await partsOf(ranker, scored, signal) : undefined;
    return candidates.map(({ videoId }, index) => {
      const { logit, expectedWatchSeconds } = model.scoreOf(logits, index);
      return {
        videoId,
        expectedWatchSeconds,
        logit,
        featuresChecksum: checksums[index]!,
        features: explain ? featureValues(ranker, scored.user, scored.videos[index]!) : UNEXPLAINED,
        parts: parts?.[index] ?? UNEXPLAINED,
      };
    });
  };
  return ranker.score(state, context, candidates, explain, use, signal, checksumCount || undefined);
}

function partsOf(
  { model, tower }: Ranker,
  { encodedUser, videoRows, logits, checksums }: ScoredRows,
  signal: AbortSignal,
): Promise<ScorePart[][]> {
  const { userSize, videoSize } = model;
  // All candidates have the user's columns in common, so those explain no difference.
  const groups = model.inputGroups
    .filter(({ from }) => from >= userSize)
    .map(({ name, from, to }) => ({ name, from: from - userSize, to: to - userSize }));
  const run = (rows: Float32Array, rowCount: number) => {
    signal.throwIfAborted();
    return tower.run(encodedUser.columns, rows, rowCount, signal);
  };
  return scoreParts({ run }, groups, videoRows.subarray(0, checksums.length * videoSize), logits, checksums.length);
}

function featureValues(
  { model, statistics }: Ranker,
  user: RankingUserFeatures,
  video: RankingVideoFeatures,
): FeatureValue[] {
  return model.rawFeatures(user, video, statistics).map(asFeatureValue);
}

function asFeatureValue({ name, number, text }: RawFeature): FeatureValue {
  return {
    name,
    value: number === undefined ? { $case: 'text', value: text ?? '' } : { $case: 'number', value: number },
  };
}
