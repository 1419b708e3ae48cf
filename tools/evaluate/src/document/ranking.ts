/** The ranking half of a report: table, cohorts, losses, calibration. */
import { cohortLabel } from '@watchnext/evaluation';
import { chartGrid, type Chart, type DocumentPart, drawChart, type Series } from '@watchnext/plots';
import { judge } from '../paper/verdict';
import type { CalibrationTables } from '../ranking/calibration';
import type { RankingReport, RankingScorerReport } from '../ranking/report';
import { withEnds } from '../ranking/table';
import { fixed } from '../text-table';
import { cohortsInWords } from './cohorts';

const CALIBRATION_TITLES: Record<keyof CalibrationTables, string> = {
  decile: 'by tenths of what is predicted',
  position: 'by position in the list',
  source: 'by source of the candidate',
  uploadAge: 'by time since upload',
};

export function rankingParts(report: RankingReport): DocumentPart[] {
  const { scorers, counts, source, split, part, seeds } = report;
  const calibrated = scorers.filter(({ calibration }) => calibration);
  return [
    { kind: 'heading', level: 2, text: 'Ranking' },
    {
      kind: 'text',
      text:
        `\`${source}\`, ${split}; ${part}, seeds ${seeds.join(', ')}. ${counts.trainingImpressions} impressions to learn from, ` +
        `${counts.impressions} measured, ${counts.clicked} of them watched, ${counts.pagesWithPairs} pages with both kinds.`,
    },
    {
      kind: 'table',
      header: [
        '',
        'ordered by',
        'weighted per-user loss',
        '95%',
        'less the best counting',
        'AUC',
        'grouped AUC',
        'MAE, s',
        'RMSE, s',
      ],
      rows: scorers.map((scorer) => [
        scorer.kind === 'model' ? `**${nameOf(scorer, seeds)}**` : scorer.name,
        scorer.orders,
        fixed(scorer.weightedPerUserLoss.value, 4),
        scorer.weightedPerUserLoss.interval95.map((end) => fixed(end, 3)).join(' to '),
        scorer.againstFloor
          ? `${fixed(scorer.againstFloor.difference, 4)} (${scorer.againstFloor.interval95.map((end) => fixed(end, 4)).join(' to ')})`
          : '',
        withEnds(scorer.clickAuc, 4, scorer.clickAucInterval95),
        withEnds(scorer.groupedClickAuc.value, 4, scorer.groupedClickAuc.interval95),
        withEnds(scorer.watchTimeMaeSeconds?.value, 2),
        withEnds(scorer.watchTimeRmseSeconds, 2, scorer.watchTimeRmseInterval95),
      ]),
    },
    ...peerParts(report),
    ...cohortParts(report),
    lossOrderFigure(report),
    ...trainingFigure(scorers, seeds),
    ...(calibrated.length > 0 ? calibrationParts(calibrated[0]) : []),
  ];
}

const nameOf = ({ name, seed }: RankingScorerReport, seeds: readonly number[]) =>
  seeds.length > 1 && seed !== undefined ? `${name}, seed ${seed}` : name;

/** Of each cohort's impressions among themselves. */
function cohortParts({ scorers, seeds, cohortLimits: limits }: RankingReport): DocumentPart[] {
  const cohorts = scorers[0]?.cohorts ?? [];
  if (limits === undefined || cohorts.length === 0) return [];
  const table = (title: string, of: 'weightedPerUserLoss' | 'clickAuc'): DocumentPart[] => [
    { kind: 'heading', level: 3, text: title },
    {
      kind: 'table',
      header: [
        '',
        'ordered by',
        ...cohorts.map(({ cohort, impressions }) => `${cohortLabel(cohort, limits)} (${impressions})`),
      ],
      rows: scorers.map((scorer) => [
        scorer.kind === 'model' ? `**${nameOf(scorer, seeds)}**` : scorer.name,
        scorer.orders,
        ...(scorer.cohorts ?? []).map((cohort) => withEnds(cohort[of].value, 4, cohort[of].interval95)),
      ]),
    },
  ];
  return [
    ...table('Weighted per-user loss by cohort', 'weightedPerUserLoss'),
    {
      kind: 'text',
      text:
        `Of each cohort's impressions among themselves. ${cohortsInWords(limits, 'watched impressions')} In brackets: impressions; ` +
        'with 95% by bootstrap over users.',
    },
    ...table('AUC by cohort', 'clickAuc'),
  ];
}

/** Of each form beside the peer, seeds together. */
function peerParts({ peerComparisons = [] }: RankingReport): DocumentPart[] {
  if (peerComparisons.length === 0) return [];
  const [{ peer }] = peerComparisons;
  const range = (ends: readonly [number, number] | undefined, digits: number) =>
    ends ? ends.map((end) => fixed(end, digits)).join(' to ') : '';
  return [
    {
      kind: 'table',
      header: [
        '',
        'ordered by',
        `${peer}, ordered by`,
        `loss less that of ${peer}`,
        '95%, users',
        '95%, seeds',
        '95%, both',
        'times that',
        '95%, users',
        '95%, seeds',
      ],
      rows: peerComparisons.map(({ form, orders, peerOrders, gain, interval95, acrossSeeds95, times }) => [
        form,
        orders,
        peerOrders,
        fixed(gain, 4),
        range(interval95, 4),
        range(acrossSeeds95, 4),
        range(judge({ gain, interval95, acrossSeeds95 }).both95, 4),
        fixed(times.value, 2),
        range(times.interval95, 2),
        range(times.acrossSeeds95, 2),
      ]),
    },
  ];
}

function lossOrderFigure({ scorers, seeds }: RankingReport): DocumentPart {
  const ends = scorers.flatMap(({ weightedPerUserLoss }) => weightedPerUserLoss.interval95).filter(Number.isFinite);
  const order = (scorer: RankingScorerReport) => {
    if (scorer.kind === 'peer' && scorer.orders !== 'its score') return `${scorer.name} by ${scorer.orders}`;
    return scorer.kind === 'model' && scorer.orders.startsWith('odds:')
      ? `${nameOf(scorer, seeds)} by odds`
      : nameOf(scorer, seeds);
  };
  return {
    kind: 'figure',
    name: 'ranking-loss',
    svg: drawChart({
      title: 'Weighted per-user loss',
      x: 'less is better',
      y: 'loss',
      names: scorers.map(order),
      yRange: [Math.min(...ends) - 0.01, Math.max(...ends) + 0.01],
      width: Math.max(560, 110 * scorers.length),
      series: [
        {
          name: 'loss',
          kind: 'dots',
          points: scorers.map(({ weightedPerUserLoss: { value, interval95 } }, x) => ({
            x,
            y: value,
            low: interval95[0],
            high: interval95[1],
          })),
        },
      ],
    }),
    caption: 'With 95% by bootstrap over users.',
  };
}

function trainingFigure(scorers: readonly RankingScorerReport[], seeds: readonly number[]): DocumentPart[] {
  const series = scorers.flatMap((scorer): Series[] =>
    scorer.lossCurve
      ? [{ name: nameOf(scorer, seeds), points: scorer.lossCurve.map(({ step, loss }) => ({ x: step, y: loss })) }]
      : [],
  );
  if (series.length === 0) return [];
  return [
    {
      kind: 'figure',
      name: 'ranking-training',
      svg: drawChart({
        title: 'Loss of the ranking models',
        x: 'step, of all trainings of a model',
        y: 'weighted cross-entropy',
        fromZero: false,
        series,
      }),
      caption: 'A model that is the mean of several trainings begins anew with each.',
    },
  ];
}

function calibrationParts({ name, calibration }: RankingScorerReport): DocumentPart[] {
  const kinds = Object.keys(CALIBRATION_TITLES) as (keyof CalibrationTables)[];
  const shown = kinds.filter((by) => calibration![by].length > 0);
  const charts = shown.map((by): Chart => {
    const rows = calibration![by];
    return {
      title: CALIBRATION_TITLES[by],
      x: '',
      y: 'predicted over watched',
      names: rows.map(({ bucket }) => bucket),
      yRange: [0.5, 1.5],
      yLabel: (value) => fixed(value, 2),
      reference: { y: 1, label: 'calibrated' },
      width: 520,
      height: 290,
      series: [
        {
          name: 'ratio',
          kind: 'dots',
          points: rows.map(({ ratio, interval, meanPredictedSeconds, meanActualSeconds, impressionCount }, x) => ({
            x,
            y: ratio,
            low: interval.low,
            high: interval.high,
            label: `predicted ${fixed(meanPredictedSeconds, 1)} s, watched ${fixed(meanActualSeconds, 1)} s, ${impressionCount} impressions`,
          })),
        },
      ],
    };
  });
  const table = (by: keyof CalibrationTables): DocumentPart => {
    const rows = calibration![by];
    return {
      kind: 'table',
      header: [CALIBRATION_TITLES[by], ...rows.map(({ bucket }) => bucket)],
      rows: [
        ['impressions', ...rows.map((row) => String(row.impressionCount))],
        ['predicted, s', ...rows.map((row) => fixed(row.meanPredictedSeconds, 1))],
        ['watched, s', ...rows.map((row) => fixed(row.meanActualSeconds, 1))],
        ['ratio', ...rows.map((row) => fixed(row.ratio, 2))],
        ['95%', ...rows.map(({ interval }) => `${fixed(interval.low, 2)} to ${fixed(interval.high, 2)}`)],
      ],
    };
  };
  return [
    { kind: 'heading', level: 3, text: `Calibration of ${name}` },
    {
      kind: 'figure',
      name: 'ranking-calibration',
      svg: chartGrid('calibration', charts),
      caption: 'Predicted over watched seconds, with 95%; outside of 0.5 to 1.5 points lie on the edge.',
    },
    ...shown.map(table),
  ];
}
