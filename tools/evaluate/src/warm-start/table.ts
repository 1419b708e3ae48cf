/** The report of days in turn as text. */
import { align, fixed, ratioRange, signed } from '../text-table';
import type { DailyFormReport, WarmStartReport } from './report';

/** The figures of each form, as tables of text and of documents show them. */
export function warmStartRows(forms: readonly DailyFormReport[]): { header: string[]; rows: string[][] } {
  const header = [
    'each day',
    'loss by seed',
    'less the first',
    'AUC',
    'MAE, s',
    'tenths, predicted over watched',
    'steps a day',
    'processor s a day',
  ];
  const rows = forms.map((form) => {
    const { difference, interval95 } = form.lessThanAnew;
    return [
      form.name,
      form.lossBySeed.map((loss) => fixed(loss, 4)).join(', '),
      form === forms[0] ? '' : `${signed(difference)} (${interval95.map(signed).join(' to ')})`,
      fixed(form.clickAuc, 4),
      fixed(form.watchTimeMaeSeconds, 2),
      ratioRange(form.calibration),
      fixed(form.stepsPerDay, 0),
      fixed(form.processorSecondsPerDay, 1),
    ];
  });
  return { header, rows };
}

export function warmStartTable({ source, seeds, days, pagesWithPairs, forms }: WarmStartReport): string {
  const lossOf = ({ weightedPerUserLoss, interval95 }: DailyFormReport) => [
    fixed(weightedPerUserLoss, 4),
    interval95.map((end) => fixed(end, 3)).join(' to '),
  ];
  const { header, rows } = warmStartRows(forms);
  const withLoss = ([name, ...figures]: readonly string[], loss: readonly string[]) => [name, ...loss, ...figures];
  const starts = forms
    .filter((form) => form.starts.length > 0)
    .map(({ name, starts: each }) => {
      const said = each.map(({ began, reason, copiedVideos, newVideos, bridgeError }) =>
        began === 'cold'
          ? `anew (${reason})`
          : `${copiedVideos} videos kept and ${newVideos} new, numbers carried over within ${fixed(bridgeError, 4)}`,
      );
      return `${name}: ${said.join('; ')}`;
    });
  return [
    `ranking models of days in turn: ${source}; seeds ${seeds.join(', ')}`,
    ...days.map(
      ({ from, trainingImpressions, impressions }) =>
        `${from}: trained on ${trainingImpressions} impressions before, measured on the day's ${impressions}`,
    ),
    `${pagesWithPairs} pages with both kinds; weighted per-user loss of all days, differences paired on users, with 95%`,
    '',
    align([withLoss(header, ['loss', '95%']), ...rows.map((row, i) => withLoss(row, lossOf(forms[i])))]),
    '',
    ...starts,
  ].join('\n');
}
