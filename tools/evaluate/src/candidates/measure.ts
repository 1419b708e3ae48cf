/** Ranks every held-out watch within the whole catalogue, and what follows from the ranks. */
import {
  type Cohort,
  comparePaired,
  groupByCohort,
  type IndexSource,
  ListCensus,
  rankInCatalogue,
  type RankedQuery,
  recallCurve,
  type RetrievalMetrics,
  retrievalMetrics,
  topK,
  type UserRatio,
  type WatchLog,
} from '@watchnext/evaluation';
import { breathe } from '@watchnext/waiting';
import type { MetricAtK, ScorerReport, UserRow } from '../report';
import { type HeldOut, leftOutFor, type Seen } from './protocol';
import type { LogScorer } from './scorers';

const QUERIES_PER_BREATH = 50;

/** One scorer's ranks; those of several seeds one after the other. */
export interface Measured {
  readonly ranks: readonly RankedQuery[];
  readonly coverage: number;
  readonly noveltyBits: number;
}

export interface MeasureOptions {
  readonly log: WatchLog;
  readonly selfInformation: Float64Array;
  readonly ks: readonly number[];
  readonly seen: Seen;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number) => void;
}

/** Ranks each query's label, and closes the scorer. */
export async function measure(
  scorer: LogScorer,
  queries: readonly HeldOut[],
  options: MeasureOptions,
): Promise<Measured> {
  const { log, ks, signal, onProgress } = options;
  const indexOf = new Map(log.videoIds.map((videoId, index) => [videoId, index]));
  const census = new ListCensus(options.selfInformation);
  const longest = Math.max(...ks);
  const ranks: RankedQuery[] = [];
  const add = (query: HeldOut, scores: ArrayLike<number>) => {
    const { example } = query;
    const seen = new Set(leftOutFor(query, options.seen).flatMap((videoId) => indexOf.get(videoId) ?? []));
    census.add(topK(scores, longest, seen));
    const label = indexOf.get(example.labelVideoId);
    const rank = label === undefined ? Infinity : rankInCatalogue(scores, label, seen);
    ranks.push({ userId: example.userId, ranks: [rank] });
  };
  try {
    for (let done = 0; done < queries.length; done += QUERIES_PER_BREATH) {
      onProgress(done);
      await breathe(signal);
      await scorer.each(queries.slice(done, done + QUERIES_PER_BREATH), add);
    }
  } finally {
    await scorer.close();
  }
  return { ranks, coverage: census.coverage(), noveltyBits: census.novelty() };
}

export interface DescribeOptions {
  readonly ks: readonly number[];
  /** Of the catalogue. */
  readonly videoCount: number;
  /** Streams of their own for each kind of interval, so that one more leaves the others as they were. */
  readonly random: (label: string) => IndexSource;
  /** Of each query. */
  readonly cohorts: readonly (readonly Cohort[])[];
}

type Described = Required<
  Pick<ScorerReport, 'metrics' | 'overUsers' | 'users' | 'recallCurve' | 'coverage' | 'noveltyBits' | 'cohorts'>
>;

/** @param seedCount how often each query is among the rows */
function userRows(metrics: RetrievalMetrics, k: number, seedCount: number): UserRow[] {
  const [recall, ndcg, map] = [metrics.recall, metrics.ndcg, metrics.map].map(
    (ratios) => new Map([...ratios.get(k)!.rows()].map(([userId, sum, count]) => [userId, sum / count])),
  );
  return [...metrics.recall.get(k)!.rows()].map(([userId, , count]) => ({
    userId,
    queries: count / seedCount,
    recall: recall.get(userId)!,
    ndcg: ndcg.get(userId)!,
    map: map.get(userId)!,
  }));
}

/** Metrics with intervals. Seeds beyond the first repeat the queries, so each query's cohorts come round again. */
export function describe(measured: Measured, { ks, videoCount, random, cohorts }: DescribeOptions): Described {
  const { ranks, coverage, noveltyBits } = measured;
  const metrics = retrievalMetrics(ranks, ks);
  const [overQueries, overUsers] = [random('bootstrap'), random('bootstrap of means over users')];
  const rows = (ratios: ReadonlyMap<number, UserRatio>, source = overQueries): MetricAtK[] =>
    [...ratios].map(([k, ratio]) => {
      const { low, high } = ratio.interval(source);
      return { k, value: ratio.value(), interval95: [low, high] };
    });
  const userMeans = (ratios: ReadonlyMap<number, UserRatio>) =>
    rows(new Map([...ratios].map(([k, ratio]) => [k, ratio.perUser()])), overUsers);
  const ofQueries = {
    metrics: {
      recall: rows(metrics.recall),
      precision: rows(metrics.precision),
      hitRate: rows(metrics.hitRate),
      ndcg: rows(metrics.ndcg),
      map: rows(metrics.map),
    },
    overUsers: {
      recall: userMeans(metrics.recall),
      precision: userMeans(metrics.precision),
      hitRate: userMeans(metrics.hitRate),
      ndcg: userMeans(metrics.ndcg),
      map: userMeans(metrics.map),
    },
    users: userRows(metrics, Math.max(...ks), ranks.length / cohorts.length),
    // Flat from there on, however long the lists that are asked for.
    recallCurve: [...recallCurve(ranks, Math.min(Math.max(...ks), videoCount))],
    coverage,
    noveltyBits,
  };
  // After what all queries have, which takes its draws first whatever the cohorts are.
  const cohortRecalls = [...groupByCohort(ranks, (_, index) => cohorts[index % cohorts.length])].map(
    ([cohort, members]) => {
      const ofCohort = retrievalMetrics(members, ks);
      return { cohort, members, ofCohort, recall: rows(ofCohort.recall) };
    },
  );
  const ofCohorts = random('bootstrap of cohorts');
  return {
    ...ofQueries,
    cohorts: cohortRecalls.map(({ cohort, members, ofCohort, recall }) => ({
      cohort,
      queries: (members.length * cohorts.length) / ranks.length,
      recall,
      precision: rows(ofCohort.precision, ofCohorts),
      hitRate: rows(ofCohort.hitRate, ofCohorts),
      ndcg: rows(ofCohort.ndcg, ofCohorts),
      map: rows(ofCohort.map, ofCohorts),
    })),
  };
}

/** Recall at k of one scorer less that of another, paired on users. */
export function compareRecall(first: Measured, second: Measured, k: number, random: IndexSource) {
  // A model's seeds repeat the queries; the baseline's ranks repeat along with them.
  const times = first.ranks.length / second.ranks.length;
  const repeated = Array.from({ length: times }, () => second.ranks).flat();
  const recall = (ranks: readonly RankedQuery[]) => retrievalMetrics(ranks, [k]).recall.get(k) as UserRatio;
  return comparePaired(recall(first.ranks), recall(repeated), random);
}
