/** The command behind Rank: expected watch seconds of candidates; it knows nothing of gRPC. */
import type { FeatureValue, RankCandidate, RankScore, RequestContext, ScorePart, UserState } from '@watchnext/contract';
import {
  type RankingUserFeatures,
  rankingUserFeatures,
  type RankingVideoFeatures,
  rankingVideoFeatures,
} from '@watchnext/features';
import { featuresChecksum, type RawFeature } from '@watchnext/ranking-model';
import { scoreParts } from './explain';
import type { RankingSnapshot } from './ranking-snapshot';

export interface RankQuery {
  readonly state: UserState;
  readonly context: RequestContext;
  /** 1 to 2,000. */
  readonly candidates: readonly RankCandidate[];
  readonly explain: boolean;
}

/**
 * Scores every candidate, in the order given. The same snapshot, state, context and candidate give the same bits,
 * whatever the other candidates are: replay relies on it.
 */
export async function rank(
  snapshot: RankingSnapshot,
  { state, context, candidates, explain }: RankQuery,
): Promise<RankScore[]> {
  const { model, tower, statistics } = snapshot;
  const { inputSize } = model;
  const user = rankingUserFeatures(state, context);
  const encodedUser = model.encodeUser(user);
  // One buffer for all rows: [candidates, inputSize].
  const rows = new Float32Array(candidates.length * inputSize);
  const videos = candidates.map((candidate, index) => {
    const video = rankingVideoFeatures(state, candidate, context);
    model.writeInput(encodedUser, video, statistics, rows, index * inputSize);
    return video;
  });
  const outputs = await tower.run(rows, candidates.length);
  const parts = explain ? await scoreParts(tower, model.inputGroups, rows, outputs, candidates.length) : undefined;
  return candidates.map(({ videoId }, index) => {
    const { logit, expectedWatchSeconds } = model.scoreOf(outputs, index);
    return {
      videoId,
      expectedWatchSeconds,
      logit,
      featuresChecksum: featuresChecksum(rows.subarray(index * inputSize, (index + 1) * inputSize)),
      features: explain ? featureValues(snapshot, user, videos[index]!) : [],
      parts: parts?.[index] ?? ([] as ScorePart[]),
    };
  });
}

function featureValues(
  { model, statistics }: RankingSnapshot,
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
