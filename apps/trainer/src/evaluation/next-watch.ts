import { type CandidateModel, scoreVideos } from '@watchnext/candidate-model';
import { type NextWatchRank, type PopularityCounts, rankInCatalogue, topK } from '@watchnext/evaluation';
import { breathe } from '@watchnext/offline';
import type { HeldOutQuery } from './held-out-queries';

/** Length of a list when its coverage of the catalogue is counted. */
const COVERAGE_K = 100;
const QUERIES_PER_BREATH = 50;

/** Scores a whole catalogue for a query. */
export interface CatalogueScorer {
  readonly videoIds: readonly string[];
  /** In the order of `videoIds`; valid until the next call. */
  score(query: HeldOutQuery): ArrayLike<number>;
}

/** The model's scores of all its videos, as of the label's time. */
export function modelScorer(model: CandidateModel): CatalogueScorer {
  const { videoIds } = model;
  const scores = new Float32Array(videoIds.length);
  return {
    videoIds,
    score: ({ example }) => scoreVideos(model, model.userVector(example.features, 0), scores),
  };
}

/** The same list for everyone. */
export function popularityScorer(counts: PopularityCounts): CatalogueScorer {
  const videoIds = counts.ranked().map(({ videoId }) => videoId);
  const scores = counts.scores(videoIds);
  return { videoIds, score: () => scores };
}

export interface NextWatchRanks {
  readonly ranks: NextWatchRank[];
  /** Share of the scorer's catalogue that is in the first 100 of at least one query. */
  readonly coverage: number;
  /** Share of queries whose label the scorer can list at all: others were unknown when it was made, and are misses. */
  readonly knownShare: number;
}

/** Ranks each held-out watch within the scorer's whole catalogue, what the user had seen left out. */
export async function rankNextWatches(
  scorer: CatalogueScorer,
  queries: readonly HeldOutQuery[],
  signal: AbortSignal,
  onProgress: (done: number) => void = () => undefined,
): Promise<NextWatchRanks> {
  const indexOf = new Map(scorer.videoIds.map((videoId, index) => [videoId, index]));
  const listed = new Set<number>();
  const ranks: NextWatchRank[] = [];
  let knownCount = 0;
  for (const [done, query] of queries.entries()) {
    if (done % QUERIES_PER_BREATH === 0) {
      onProgress(done);
      await breathe(signal);
    }
    const seen = new Set<number>();
    for (const videoId of query.seenVideoIds) {
      const index = indexOf.get(videoId);
      if (index !== undefined) seen.add(index);
    }
    const scores = scorer.score(query);
    for (const index of topK(scores, COVERAGE_K, seen)) listed.add(index);
    const label = indexOf.get(query.example.labelVideoId);
    if (label !== undefined) knownCount += 1;
    const rank = label === undefined ? Infinity : rankInCatalogue(scores, label, seen);
    ranks.push({ userId: query.example.userId, rank });
  }
  return {
    ranks,
    coverage: listed.size / scorer.videoIds.length,
    knownShare: knownCount / queries.length,
  };
}

/** k of the recall that the gate looks at: 100, or a tenth of a catalogue so small that 100 is most of it. */
export function gateRecallK(videoCount: number): number {
  return videoCount >= 300 ? 100 : Math.max(1, Math.round(videoCount / 10));
}
