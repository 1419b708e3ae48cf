import { type CandidateModel, CatalogueScorer } from '@watchnext/candidate-model';
import { type PopularityCounts, rankInCatalogue, type RankedQuery, topK } from '@watchnext/evaluation';
import { onnxTowerRunner } from '@watchnext/inference';
import { breathe } from '@watchnext/waiting';
import type { HeldOutQuery } from './held-out-queries';

/** Length of a list when its coverage of the catalogue is counted. */
const COVERAGE_K = 100;
const QUERIES_PER_BREATH = 50;

/** Scores a whole catalogue for queries. */
export interface HeldOutScorer {
  readonly videoIds: readonly string[];
  /** @param visit is given each query, in order, and scores in the order of `videoIds`, which become others when it returns */
  each(
    queries: readonly HeldOutQuery[],
    visit: (query: HeldOutQuery, scores: ArrayLike<number>) => void,
  ): void | Promise<void>;
  /** It cannot be used afterwards. */
  close(): void | Promise<void>;
}

/** The model's scores of all its videos, as of the label's time. */
export async function modelScorer(model: CandidateModel): Promise<HeldOutScorer> {
  const scorer = await CatalogueScorer.of(model, onnxTowerRunner);
  return {
    videoIds: model.videoIds,
    each: (queries, visit) => scorer.each(queries, ({ example }) => model.userVector(example.features, 0), visit),
    close: () => scorer.close(),
  };
}

/** The same list for everyone. */
export function popularityScorer(counts: PopularityCounts): HeldOutScorer {
  const videoIds = counts.ranked().map(({ videoId }) => videoId);
  const scores = counts.scores(videoIds);
  return {
    videoIds,
    each: (queries, visit) => queries.forEach((query) => visit(query, scores)),
    close: () => undefined,
  };
}

export interface NextWatchRanks {
  readonly ranks: RankedQuery[];
  /** Share of the scorer's catalogue that is in the first 100 of at least one query. */
  readonly coverage: number;
  /** Share of queries whose label the scorer can list at all: others were unknown when it was made, and are misses. */
  readonly knownShare: number;
}

/** Ranks each held-out watch within the scorer's whole catalogue, what the user had seen left out, and closes the scorer. */
export async function rankNextWatches(
  scorer: HeldOutScorer,
  queries: readonly HeldOutQuery[],
  signal: AbortSignal,
  onProgress: (done: number) => void = () => undefined,
): Promise<NextWatchRanks> {
  const indexOf = new Map(scorer.videoIds.map((videoId, index) => [videoId, index]));
  const listed = new Set<number>();
  const ranks: RankedQuery[] = [];
  let knownCount = 0;
  const rank = (query: HeldOutQuery, scores: ArrayLike<number>) => {
    const seen = new Set<number>();
    for (const videoId of query.seenVideoIds) {
      const index = indexOf.get(videoId);
      if (index !== undefined) seen.add(index);
    }
    for (const index of topK(scores, COVERAGE_K, seen)) listed.add(index);
    const label = indexOf.get(query.example.labelVideoId);
    if (label !== undefined) knownCount += 1;
    ranks.push({
      userId: query.example.userId,
      ranks: [label === undefined ? Infinity : rankInCatalogue(scores, label, seen)],
    });
  };
  try {
    for (let done = 0; done < queries.length; done += QUERIES_PER_BREATH) {
      onProgress(done);
      await breathe(signal);
      await scorer.each(queries.slice(done, done + QUERIES_PER_BREATH), rank);
    }
  } finally {
    await scorer.close();
  }
  return {
    ranks,
    coverage: listed.size / scorer.videoIds.length,
    knownShare: knownCount / queries.length,
  };
}

/** From this size on the gate looks at recall@100; of fewer videos 100 is too large a part. */
const LARGE_CATALOGUE = 300;
const RECALL_KS = [10, 50, 100];
/** In tens of videos, how much a small catalogue may change until the next run and still be compared. */
const CHANGE = { shrunk: 1, grown: 3 };

/**
 * k of the recall that the gate looks at: 100, or a tenth of a catalogue that is small beside it. Not 10, 50 or 100 only:
 * of fewer than 100 videos 10 are too large a part.
 */
export function gateRecallK(videoCount: number): number {
  return videoCount >= LARGE_CATALOGUE ? 100 : Math.max(1, Math.round(videoCount / 10));
}

/** Those that a manifest holds, ascending; of a small catalogue those that the gate may look at in the next run, too. */
export function recordedRecallKs(videoCount: number): number[] {
  if (videoCount >= LARGE_CATALOGUE) return RECALL_KS;
  const k = gateRecallK(videoCount);
  const first = Math.max(1, k - CHANGE.shrunk);
  const near = Array.from({ length: k + CHANGE.grown - first + 1 }, (_, n) => first + n);
  return [...new Set([...near, ...RECALL_KS])].sort((a, b) => a - b);
}
