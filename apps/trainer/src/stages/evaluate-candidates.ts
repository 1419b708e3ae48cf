import {
  comparePaired,
  type MetricRow,
  type MetricTable,
  PopularityCounts,
  type RankedQuery,
  retrievalMetrics,
  type UserRatio,
} from '@watchnext/evaluation';
import type { CandidateExample } from '@watchnext/features';
import type { Random } from '@watchnext/learning';
import { drawQueries, evaluatedWatches } from '../evaluation/held-out-queries';
import {
  gateRecallK,
  modelScorer,
  type HeldOutScorer,
  popularityScorer,
  rankNextWatches,
  recordedRecallKs,
} from '../evaluation/next-watch';
import { defineStage } from '../pipeline/stage';

export const CANDIDATE_QUERIES = 'candidates.queries';
/** The metric's name. */
export const recallName = (k: number) => `candidates.recall@${k}`;
const NDCG_K = 10;
/** Beyond every list: the average precision of the whole of it is recorded. */
const WHOLE_LIST = Number.MAX_SAFE_INTEGER;
/** Recent popularity halves a watch's weight for each day of age. */
const RECENT_HALF_LIFE_MS = 86_400_000;

/**
 * Popularity as known at the split, over all time and recently, of what the evaluated model has learned from: the users set aside
 * would tell it of videos that the model cannot know, and the gate asks which of the two makes more of the same.
 */
function popularityAt(nowMs: number, learnedFrom: readonly CandidateExample[]) {
  const all = new PopularityCounts();
  const recent = new PopularityCounts({ nowMs, halfLifeMs: RECENT_HALF_LIFE_MS });
  for (const { labelVideoId, labelAtMs } of learnedFrom) {
    all.add(labelVideoId, labelAtMs);
    recent.add(labelVideoId, labelAtMs);
  }
  return { all, recent };
}

/** Measures the candidate model on the held-out watches: full catalogue, seen left out, against popularity. */
export const evaluateCandidatesStage = (userLimit: number) =>
  defineStage({
    name: 'evaluate candidates',
    needs: ['split', 'candidateModel', 'candidateLearnedFrom', 'index'],
    gives: ['candidateEvaluation'],
    async run({ split, candidateModel, candidateLearnedFrom, index }, { progress, random, signal, note }) {
      const { queries, rewatchCount, userCount } = drawQueries(
        evaluatedWatches(split),
        userLimit,
        random.fork('queries'),
      );
      const popularity = popularityAt(split.evaluatedFromMs, candidateLearnedFrom);
      const scorers: [string, HeldOutScorer][] = [
        ['model', await modelScorer(candidateModel)],
        ['popularity', popularityScorer(popularity.all)],
        ['recent popularity', popularityScorer(popularity.recent)],
      ];
      const recallK = gateRecallK(candidateModel.videoIds.length);
      const recallKs = recordedRecallKs(candidateModel.videoIds.length);
      const recalls = new Map<string, UserRatio>();
      const tables: MetricRow[][] = [];
      for (const [number, [name, scorer]] of scorers.entries()) {
        const { ranks, coverage, knownShare } = await rankNextWatches(scorer, queries, signal, (done) =>
          progress.report(number * queries.length + done, scorers.length * queries.length, name),
        );
        const rows = rowsOf(name, ranks, recallKs, random.fork('bootstrap'));
        recalls.set(name, recallAt(recallK, ranks));
        tables.push([...rows, row('candidates.coverage@100', name, coverage)]);
        if (name === 'model') note({ queries: queries.length, users: userCount, rewatches: rewatchCount, knownShare });
      }
      const metrics: MetricTable = [
        ...interleave(tables),
        row(CANDIDATE_QUERIES, 'model', queries.length),
        row('index.recall@100', 'model', index?.parameters.recallAt100 ?? NaN),
      ];
      return {
        candidateEvaluation: {
          metrics,
          recallK,
          recall: recalls.get('model')!,
          popularityRecall: recalls.get('popularity')!.value(),
          gain: {
            interval: comparePaired(recalls.get('model')!, recalls.get('popularity')!, random.fork('gain')).interval,
            userCount,
            rowCount: queries.length,
          },
          queries,
        },
      };
    },
  });

const row = (name: string, scorer: string, value: number): MetricRow => ({ name, scorer, value });

/** Rows of equal names together: a metric of all scorers reads better than a scorer of all metrics. */
function interleave(tables: readonly MetricRow[][]): MetricRow[] {
  return tables[0].flatMap((_, index) => tables.map((table) => table[index]));
}

export function recallAt(k: number, ranks: readonly RankedQuery[]): UserRatio {
  return retrievalMetrics(ranks, [k]).recall.get(k)!;
}

function rowsOf(scorer: string, ranks: readonly RankedQuery[], ks: readonly number[], random: Random): MetricRow[] {
  const { recall, map, ndcg } = retrievalMetrics(ranks, [...new Set([...ks, NDCG_K, WHOLE_LIST])]);
  const measured = (name: string, ratio: UserRatio): MetricRow => ({
    name,
    scorer,
    value: ratio.value(),
    interval: ratio.interval(random),
  });
  return [
    ...ks.map((k) => measured(recallName(k), recall.get(k)!)),
    measured('candidates.map', map.get(WHOLE_LIST)!),
    row(`candidates.ndcg@${NDCG_K}`, scorer, ndcg.get(NDCG_K)!.value()),
  ];
}
