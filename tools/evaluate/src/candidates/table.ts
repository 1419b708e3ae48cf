/** The report as text: a row for each scorer. */
import { cohortLabel } from '@watchnext/evaluation';
import type { CandidateReport, MetricAtK, ScorerReport } from '../report';
import { align, fixed, signed } from '../text-table';

export function candidateTables(report: CandidateReport): string {
  const { counts, part, protocol, seen, seeds, source } = report;
  const ks = report.scorers[0]?.metrics.recall.map(({ k }) => k) ?? [];
  const at = (rows: readonly MetricAtK[], k: number) => rows.find((row) => row.k === k)?.value ?? NaN;
  const longest = Math.max(...ks);
  const header = [
    'scorer',
    'asked at',
    ...ks.map((k) => `recall@${k}`),
    `95% at ${longest}`,
    `mean of users at ${longest}`,
    `precision@${ks[0]}`,
    `hit rate@${ks[0]}`,
    `ndcg@${ks[0]}`,
    `map@${longest}`,
    `coverage@${longest}`,
    'novelty',
  ];
  const rows = report.scorers.map((scorer) => {
    const interval = scorer.metrics.recall.find(({ k }) => k === longest)?.interval95 ?? [NaN, NaN];
    return [
      scorer.name,
      scorer.askedAt,
      ...ks.map((k) => at(scorer.metrics.recall, k).toFixed(4)),
      interval.map((end) => fixed(end, 3)).join(' to '),
      at(scorer.overUsers?.recall ?? [], longest).toFixed(4),
      at(scorer.metrics.precision, ks[0]).toFixed(4),
      at(scorer.metrics.hitRate, ks[0]).toFixed(4),
      at(scorer.metrics.ndcg, ks[0]).toFixed(4),
      at(scorer.metrics.map, longest).toFixed(4),
      scorer.coverage.toFixed(3),
      `${scorer.noveltyBits.toFixed(1)} bits`,
    ];
  });
  const lines = [
    `candidates: ${source}`,
    `${protocol}; ${part}; seen ${seen}; full catalogue; seeds ${seeds.join(', ')}`,
    `${counts.users} users, ${counts.videos} videos, ${counts.trainingWatches} watches to learn from; ` +
      `${counts.queries} queries, ${counts.unknownVideos} of them for videos that training did not see` +
      (counts.rewatches > 0 ? `; ${counts.rewatches} rewatches left out` : ''),
    '',
    align([header, ...rows]),
    '',
    `recall@${longest} by cohort`,
    '',
    cohortTable(report, longest),
    ...report.scorers.flatMap(comparison),
  ];
  return lines.join('\n');
}

function cohortTable({ scorers, cohortLimits: limits }: CandidateReport, k: number): string {
  const cohorts = scorers[0]?.cohorts ?? [];
  const header = [
    'scorer',
    'asked at',
    ...cohorts.map(({ cohort, queries }) => `${cohortLabel(cohort, limits)} (${queries})`),
  ];
  const rows = scorers.map(({ name, askedAt, cohorts: own }) => [
    name,
    askedAt,
    ...cohorts.map(({ cohort }) => {
      const recall = own.find((one) => one.cohort === cohort)?.recall.find((row) => row.k === k);
      return (recall?.value ?? NaN).toFixed(4);
    }),
  ]);
  return align([header, ...rows]);
}

function comparison({ name, askedAt, againstBestBaseline: best }: ScorerReport): string[] {
  if (!best) return [];
  const [low, high] = best.interval95;
  return [
    '',
    `${name}, asked at the ${askedAt}: recall@${best.k} ${signed(best.difference)} over the best baseline, ` +
      `${best.baseline} (95%, paired on users: ${signed(low)} to ${signed(high)})`,
  ];
}
