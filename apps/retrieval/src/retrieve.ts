/** The command behind Retrieve: the nearest videos to a user; it knows nothing of gRPC. */
import type { Candidate, RequestContext, UserState } from '@watchnext/contract';
import { candidateFeatures, type CandidateFeatures, LIMITS } from '@watchnext/features';
import type { RetrievalSnapshot } from './retrieval-snapshot';

export interface RetrieveQuery {
  readonly state: UserState;
  readonly context: RequestContext;
  /** 1 to 2,000. */
  readonly candidateCount: number;
  /** Left out besides what was watched, what was dismissed, and the seed. */
  readonly excludeVideoIds: readonly string[];
}

/**
 * Candidates by descending v·u, at most `candidateCount`; fewer only where the snapshot has no more videos that may be
 * shown. Deterministic for a snapshot and a query.
 */
export async function retrieve(snapshot: RetrievalSnapshot, query: RetrieveQuery): Promise<Candidate[]> {
  const { model, index } = snapshot;
  const excluded = excludedLabels(query, snapshot);
  const { labels, scores } = await index.nearest({
    query: await userVectorOf(snapshot, query),
    k: query.candidateCount,
    excluded,
    blockedChannels: [],
    forbiddenRules: new Uint8Array(0),
  });
  return labels.map((label, rank) => ({ videoId: model.videoIds[label]!, score: scores[rank]! }));
}

/** What the tower sees. For up-next lists the seed counts as the newest watch, though it may not be completed yet. */
export function queryFeatures(state: UserState, context: RequestContext): CandidateFeatures {
  const features = candidateFeatures(state, context);
  if (context.seedVideoId === '') return features;
  const watchedVideoIds = [...features.watchedVideoIds, context.seedVideoId].slice(-LIMITS.watches);
  return { ...features, watchedVideoIds };
}

async function userVectorOf(
  { model, tower }: RetrievalSnapshot,
  { state, context }: RetrieveQuery,
): Promise<Float32Array> {
  const row = new Float32Array(model.inputSize);
  // Age 0: what is asked for is the next watch as of now (paper §3.3).
  model.writeInput(queryFeatures(state, context), 0, row, 0);
  return tower.run(row, 1);
}

function excludedLabels({ state, context, excludeVideoIds }: RetrieveQuery, { model }: RetrievalSnapshot): Int32Array {
  const labels = new Set<number>();
  const exclude = (videoId: string) => {
    const label = model.videoRow(videoId);
    if (label !== undefined) labels.add(label);
  };
  for (const { videoId } of state.watches) exclude(videoId);
  for (const { videoId } of state.dismissals) exclude(videoId);
  for (const videoId of excludeVideoIds) exclude(videoId);
  exclude(context.seedVideoId);
  return Int32Array.from(labels);
}
