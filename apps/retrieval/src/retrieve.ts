/** The command behind Retrieve: the nearest videos to a user; it knows nothing of gRPC. */
import type { Candidate } from '@watchnext/contract';
import type { CandidateFeatures } from '@watchnext/features';
import { type Exclusions, leftOut, type LeftOutReason } from './left-out';
import type { RetrievalSnapshot } from './retrieval-snapshot';
import { queryFeatures, userVectorOf } from './user-vector';

/** What is left out: what was watched or dismissed, the seed, what is named, and what rules keep from this viewer. */
export interface RetrieveQuery extends Exclusions {
  /** 1 to `MAX_CANDIDATES`. */
  readonly candidateCount: number;
}

export interface Retrieved {
  readonly candidates: Candidate[];
  readonly method: 'graph' | 'exact';
  readonly features: CandidateFeatures;
  /** [interests, dimensions] */
  readonly userVector: Float32Array;
  readonly searchMs: number;
  /** Videos of the snapshot that were left out, by why. */
  readonly leftOut: Readonly<Record<LeftOutReason, number>>;
}

/**
 * Candidates by descending v·u, with several interests the greatest of them, at most `candidateCount`; fewer only where the snapshot has no more videos that may be
 * shown. Deterministic for a snapshot, a query and a catalogue.
 * @throws SearchOverloadedError, before the tower runs; the signal's reason
 */
export async function retrieve(
  snapshot: RetrievalSnapshot,
  query: RetrieveQuery,
  /** Looked at before the tower runs, and until the search begins. */
  signal: AbortSignal,
): Promise<Retrieved> {
  signal.throwIfAborted();
  const leave = snapshot.index.reserve();
  let features: CandidateFeatures;
  let userVector: Float32Array;
  try {
    features = queryFeatures(query.state, query.context);
    userVector = await userVectorOf(snapshot, features);
  } finally {
    leave();
  }
  signal.throwIfAborted();
  const startedAt = performance.now();
  const excluded = leftOut(query, snapshot.videos);
  const nearest = {
    query: userVector,
    k: query.candidateCount,
    excluded: excluded.labels,
    ...query.restrictions,
  };
  const { labels, scores, method } = await snapshot.index.nearest(nearest, { signal });
  return {
    candidates: labels.map((label, rank) => ({ videoId: snapshot.videos.videoIdOf(label), score: scores[rank]! })),
    method,
    features,
    userVector,
    searchMs: performance.now() - startedAt,
    leftOut: excluded.counts,
  };
}
