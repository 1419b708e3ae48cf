/** The command behind Retrieve: the nearest videos to a user; it knows nothing of gRPC. */
import type { Candidate, RequestContext, UserState } from '@watchnext/contract';
import type { CandidateFeatures } from '@watchnext/features';
import type { Restrictions } from '@watchnext/vector-search';
import type { RetrievalSnapshot } from './retrieval-snapshot';
import { queryFeatures, userVectorOf } from './user-vector';

export interface RetrieveQuery {
  readonly state: UserState;
  readonly context: RequestContext;
  /** 1 to 2,000. */
  readonly candidateCount: number;
  /** Left out besides what was watched, what was dismissed, and the seed. */
  readonly excludeVideoIds: readonly string[];
  /** Channels that the viewer blocked, and limits of country and age that keep videos from this viewer. */
  readonly restrictions: Restrictions;
}

export interface Retrieved {
  readonly candidates: Candidate[];
  readonly method: 'graph' | 'exact';
  readonly features: CandidateFeatures;
  readonly userVector: Float32Array;
  readonly searchMs: number;
}

/**
 * Candidates by descending v·u, at most `candidateCount`; fewer only where the snapshot has no more videos that may be
 * shown. Deterministic for a snapshot, a query and a catalogue.
 */
export async function retrieve(
  snapshot: RetrievalSnapshot,
  query: RetrieveQuery,
  /** Looked at before the tower runs, and until the search begins. */
  signal: AbortSignal,
): Promise<Retrieved> {
  signal.throwIfAborted();
  const features = queryFeatures(query.state, query.context);
  const userVector = await userVectorOf(snapshot, features);
  signal.throwIfAborted();
  const startedAt = performance.now();
  const nearest = {
    query: userVector,
    k: query.candidateCount,
    excluded: excludedLabels(query, snapshot),
    ...query.restrictions,
  };
  const { labels, scores, method } = await snapshot.index.nearest(nearest, signal);
  return {
    candidates: labels.map((label, rank) => ({ videoId: snapshot.videos.videoIdOf(label), score: scores[rank]! })),
    method,
    features,
    userVector,
    searchMs: performance.now() - startedAt,
  };
}

function excludedLabels({ state, context, excludeVideoIds }: RetrieveQuery, { videos }: RetrievalSnapshot): Int32Array {
  const labels = new Set<number>();
  const exclude = (videoId: string) => {
    const label = videos.labelOf(videoId);
    if (label !== undefined) labels.add(label);
  };
  for (const { videoId } of state.watches) exclude(videoId);
  for (const { videoId } of state.dismissals) exclude(videoId);
  for (const videoId of excludeVideoIds) exclude(videoId);
  exclude(context.seedVideoId);
  return Int32Array.from(labels);
}
