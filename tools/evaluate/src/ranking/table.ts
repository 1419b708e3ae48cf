/** The ranking report as text. */
import { cohortLabel } from '@watchnext/evaluation';
import { mean } from '@watchnext/learning';
import { align, fixed, signed } from '../text-table';
import type { CalibrationTables } from './calibration';
import type { Verdict } from '../paper/verdict';
import type { MeasuredValue, PairedDifference, RankingReport, RankingScorerReport } from './report';

export function rankingTables(report: RankingReport): string {
  const { counts, part, scorers, seeds, source, split } = report;
  const peerName = scorers.find(({ kind }) => kind === 'peer')?.name;
  const header = [
    'scorer',
    'ordered by',
    'seed',
    'loss',
    '95%',
    'less floor',
    ...(peerName === undefined ? [] : [`less ${peerName}`, `over ${peerName}`]),
    'AUC',
    'GAUC',
    'MAE, s',
    'RMSE, s',
  ];
  const rows = scorers.map((scorer) => [
    scorer.name,
    scorer.orders,
    scorer.seed === undefined ? '' : String(scorer.seed),
    fixed(scorer.weightedPerUserLoss.value, 4),
    scorer.weightedPerUserLoss.interval95.map((end) => fixed(end, 3)).join(' to '),
    paired(scorer.againstFloor),
    ...(peerName === undefined ? [] : [paired(scorer.againstPeer), times(scorer.timesPeer)]),
    withEnds(scorer.clickAuc, 4, scorer.clickAucInterval95),
    fixed(scorer.groupedClickAuc.value, 4),
    withEnds(scorer.watchTimeMaeSeconds?.value, 2),
    withEnds(scorer.watchTimeRmseSeconds, 2, scorer.watchTimeRmseInterval95),
  ]);
  const peer =
    counts.peerMatched === undefined
      ? []
      : [
          `${counts.peerMatched} of them in the file of ${peerName}, which has ${counts.peerUnmatchedRows} rows of others`,
        ];
  const comparisons = report.comparisons ?? [];
  const peers = (report.peerComparisons ?? []).map((one) => [
    `${one.form}, ${one.orders}`,
    one.peerOrders,
    fixed(mean(one.lossBySeed), 4),
    fixed(one.peerLoss, 4),
    signed(one.gain),
    range(one.interval95, signed),
    range(one.acrossSeeds95, signed),
    range(one.both95, signed),
    fixed(one.times.value, 3),
    range(one.times.interval95, ratioText),
    range(one.times.acrossSeeds95, ratioText),
  ]);
  const gains = comparisons.map(({ form, gain, interval95, acrossSeeds95, both95, verdict }) => [
    form,
    signed(gain),
    interval95.map(signed).join(' to '),
    range(acrossSeeds95, signed),
    range(both95, signed),
    COMPARED[verdict],
  ]);
  const calibrated = scorers.filter(({ calibration }) => calibration !== undefined);
  return [
    `ranking: ${source}`,
    `${split}; ${part}; seeds ${seeds.join(', ')}; counts of the whole UTC days before the end of training`,
    `${counts.trainingImpressions} impressions to learn from; ${counts.impressions} measured, ${counts.clicked} of them ` +
      `watched, of ${counts.users} users; ${counts.pagesWithPairs} pages with both kinds`,
    ...peer,
    '',
    'weighted per-user loss; differences paired on users, with 95%',
    '',
    align([header, ...rows]),
    ...cohortLines(report),
    ...(gains.length > 0
      ? [
          '',
          'by how much less each form loses than the default, seeds together',
          '',
          align([['form', 'gain', '95%, users (paired)', '95%, seeds', '95%, both', ''], ...gains]),
        ]
      : []),
    ...(peers.length > 0
      ? [
          '',
          `each form beside ${peerName}, on the pages that it scored, seeds together`,
          '',
          align([
            [
              'form',
              'ordered by',
              'loss',
              'its loss',
              'less it',
              '95%, users (paired)',
              '95%, seeds',
              '95%, both',
              'over it',
              '95%, users (paired)',
              '95%, seeds',
            ],
            ...peers,
          ]),
        ]
      : []),
    ...(calibrated.length > 0 ? ['', calibrationText(calibrated[0])] : []),
  ].join('\n');
}

/** A form beside the default. */
const COMPARED: Readonly<Record<Verdict, string>> = {
  holds: 'better',
  'does not hold': 'worse',
  'cannot be told': 'cannot be told',
  'one seed': 'cannot be told of one seed',
};

/** Of each cohort, ordered among itself, the loss and the AUC. */
function cohortLines({ scorers, cohortLimits: limits }: RankingReport): string[] {
  const cohorts = scorers[0]?.cohorts ?? [];
  if (limits === undefined || cohorts.length === 0) return [];
  const header = cohorts.map(({ cohort, impressions }) => `${cohortLabel(cohort, limits)} (${impressions})`);
  const rows = scorers.map((scorer) => [
    scorer.name,
    scorer.orders,
    scorer.seed === undefined ? '' : String(scorer.seed),
    ...(scorer.cohorts ?? []).map(
      ({ weightedPerUserLoss: loss, clickAuc: area }) => `${fixed(loss.value, 4)}, ${fixed(area.value, 4)}`,
    ),
  ]);
  return [
    '',
    'loss and AUC by cohort, of its impressions among themselves',
    '',
    align([['scorer', 'ordered by', 'seed', ...header], ...rows]),
  ];
}

/** With 95%, where it is known. */
export function withEnds(value: number | undefined, digits: number, ends?: readonly [number, number]): string {
  if (value === undefined) return '';
  const shown = fixed(value, digits);
  return ends ? `${shown} (${ends.map((end) => fixed(end, digits)).join(' to ')})` : shown;
}

function paired(difference: PairedDifference | undefined): string {
  if (!difference) return '';
  const [low, high] = difference.interval95;
  return `${signed(difference.difference)} (${signed(low)} to ${signed(high)})`;
}

function times(ratio: MeasuredValue | undefined): string {
  return ratio ? `${ratioText(ratio.value)} (${range(ratio.interval95, ratioText)})` : '';
}

const ratioText = (value: number) => fixed(value, 3);

/** Empty where there is none. */
function range(ends: readonly [number, number] | undefined, write: (value: number) => string): string {
  return ends ? ends.map(write).join(' to ') : '';
}

const TITLES: Record<keyof CalibrationTables, string> = {
  decile: 'tenth of the impressions, by predicted seconds',
  position: 'position in the list',
  source: 'source of the candidate',
  uploadAge: 'time since upload',
};

function calibrationText({ name, seed, calibration }: RankingScorerReport): string {
  if (!calibration) return '';
  return (Object.keys(TITLES) as (keyof CalibrationTables)[])
    .map((by) => {
      const rows = calibration[by].map((row) => [
        row.bucket,
        String(row.impressionCount),
        fixed(row.meanPredictedSeconds, 2),
        fixed(row.meanActualSeconds, 2),
        fixed(row.ratio, 3),
        `${fixed(row.interval.low, 2)} to ${fixed(row.interval.high, 2)}`,
      ]);
      const header = [TITLES[by], 'impressions', 'predicted, s', 'watched, s', 'ratio', '95%'];
      return `calibration of ${name}, seed ${seed}\n\n${align([header, ...rows])}`;
    })
    .join('\n\n');
}
