/** The command behind Retrieve: the nearest videos to a user; it knows nothing of gRPC. */
import { exactSearch, type SearchResult } from '@watchnext/ann-index';
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
  const { model, rowOf } = snapshot;
  const excluded = excludedRows(query, rowOf);
  const wanted = Math.min(query.candidateCount, model.videoIds.length - excluded.size);
  if (wanted === 0) return [];
  const userVector = await userVectorOf(snapshot, query);
  const { labels, scores } = nearest(snapshot, userVector, wanted, excluded);
  return labels.map((row, rank) => ({ videoId: model.videoIds[row]!, score: scores[rank]! }));
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

function excludedRows(
  { state, context, excludeVideoIds }: RetrieveQuery,
  rowOf: ReadonlyMap<string, number>,
): Set<number> {
  const rows = new Set<number>();
  const exclude = (videoId: string) => {
    const row = rowOf.get(videoId);
    if (row !== undefined) rows.add(row);
  };
  for (const { videoId } of state.watches) exclude(videoId);
  for (const { videoId } of state.dismissals) exclude(videoId);
  for (const videoId of excludeVideoIds) exclude(videoId);
  exclude(context.seedVideoId);
  return rows;
}

/**
 * The index is asked for as many more as may have to be left out. Where it still brings too few, as a graph may that
 * does not reach every vector, exact search gives the rest of the truth.
 */
function nearest(
  { model, index }: RetrievalSnapshot,
  userVector: Float32Array,
  wanted: number,
  excluded: ReadonlySet<number>,
): SearchResult {
  const asked = wanted + excluded.size;
  const found = index && without(index.search(userVector, asked), excluded, wanted);
  if (found && found.labels.length === wanted) return found;
  return without(exactSearch(model.videoVectors, model.config.dimensions, userVector, asked), excluded, wanted);
}

function without({ labels, scores }: SearchResult, excluded: ReadonlySet<number>, wanted: number): SearchResult {
  const kept = labels
    .map((_, rank) => rank)
    .filter((rank) => !excluded.has(labels[rank]!))
    .slice(0, wanted);
  return { labels: kept.map((rank) => labels[rank]!), scores: kept.map((rank) => scores[rank]!) };
}
