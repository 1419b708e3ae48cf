/** Examples and features for specs. */
import { type CandidateExample, type CandidateFeatures, NO_CIRCUMSTANCES } from '@watchnext/features';

export function featuresOf(part: Partial<CandidateFeatures> = {}): CandidateFeatures {
  return {
    watchedVideoIds: [],
    ...NO_CIRCUMSTANCES,
    ...part,
  };
}

export function exampleOf(
  userId: string,
  labelVideoId: string,
  labelAtMs: number,
  part: Partial<CandidateFeatures> = {},
): CandidateExample {
  return { userId, labelVideoId, labelAtMs, features: featuresOf(part) };
}

/** One example for each watch of a user, as replay makes them: each history holds what came before. */
export function examplesOfWatches(userId: string, videoIds: readonly string[], firstAtMs = 0): CandidateExample[] {
  return videoIds.map((videoId, i) =>
    exampleOf(userId, videoId, firstAtMs + i, { watchedVideoIds: videoIds.slice(0, i) }),
  );
}
