import type { RequestContext, UserState } from '@watchnext/contract';
import { candidateFeatures, type CandidateFeatures, LIMITS } from '@watchnext/features';
import type { RetrievalSnapshot } from './retrieval-snapshot';

/**
 * What the tower sees. For up-next lists the seed counts as the newest watch, though it may not be completed yet. Where it is the
 * newest already it stays as it is, once, as in the history of a training example; further back it was watched before, and an
 * example has both watches.
 */
export function queryFeatures(state: UserState, context: RequestContext): CandidateFeatures {
  const features = candidateFeatures(state, context, true);
  if (context.seedVideoId === '') return features;
  const { watchedVideoIds, watchedAtMs = [] } = features;
  if (watchedVideoIds.at(-1) === context.seedVideoId) return features;
  return {
    ...features,
    watchedVideoIds: [...watchedVideoIds, context.seedVideoId].slice(-LIMITS.newestCompleted),
    watchedAtMs: [...watchedAtMs, context.requestedAtMs].slice(-LIMITS.newestCompleted),
  };
}

/** u, [interests, dimensions]: what the index is asked with. */
export async function userVectorOf(
  { model, tower }: Pick<RetrievalSnapshot, 'model' | 'tower'>,
  features: CandidateFeatures,
): Promise<Float32Array> {
  const row = new Float32Array(model.inputSize);
  // Age 0: what is asked for is the next watch as of now (paper §3.3).
  model.writeInput(features, 0, row, 0);
  return model.userVectorFrom(await tower.run(row, 1));
}
