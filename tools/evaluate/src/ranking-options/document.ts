/** What `ranking --json` and `warm-start --json` wrote, as one page: the ranking model's options beside its default. */
import type { DocumentPart, ReportDocument } from '@watchnext/plots';
import { judge, type Verdict, verdictText } from '../paper/verdict';
import type { RankingReport } from '../ranking/report';
import type { EvaluationReport } from '../report';
import { fixed, signed } from '../text-table';
import type { WarmStartReport } from '../warm-start/report';
import { warmStartRows } from '../warm-start/table';

export interface NamedReport {
  /** Of the log, as a reader knows it. */
  readonly name: string;
  readonly report: EvaluationReport;
}

/** @param reports of options, of days in turn, or of both; others say nothing here */
export function rankingOptionsDocument(reports: readonly NamedReport[]): ReportDocument {
  return {
    title: "The ranking model's options",
    parts: [
      text(
        '`npm run evaluate -- ranking-options NAME=FILE …` writes this page out of what `ranking --compare … --json FILE` and ' +
          '`warm-start --json FILE` found: what may be changed in the ranking model beyond the paper, each beside the default form. Settings are chosen on the ' +
          'validation days, which come before the test days. Differences are of the weighted per-user loss, 95% by bootstrap paired on users, seeds taken ' +
          "together, by Student's t over seeds, and of both together, by which a form is better, worse, or cannot be told from the default, as of one seed it never " +
          'can. A gain is by how much less a form loses.',
      ),
      ...reports.flatMap((one): DocumentPart[] => [...optionParts(one), ...warmStartParts(one)]),
    ],
  };
}

function optionParts({ name, report }: NamedReport): DocumentPart[] {
  const { ranking } = report;
  const comparisons = ranking?.comparisons ?? [];
  if (!ranking || comparisons.length === 0) return [];
  const [standing] = ranking.scorers.filter(({ kind }) => kind === 'model');
  return [
    heading(`${name}: forms of the model`),
    text(`${describe(ranking)} ${madeBy(report)}`),
    {
      kind: 'table',
      header: ['form', 'loss by seed', 'AUC', 'gain', '95%, users', '95%, seeds', '95%, both', ''],
      rows: [
        [standing.name, ...measured(ranking, standing.name), '', '', '', '', ''],
        ...comparisons.map((comparison) => {
          const { both95, verdict } = judge(comparison);
          return [
            comparison.form,
            ...measured(ranking, comparison.form),
            signed(comparison.gain),
            range(comparison.interval95),
            range(comparison.acrossSeeds95),
            range(both95),
            verdictOf(verdict),
          ];
        }),
      ],
    },
  ];
}

function describe({ part, split, counts }: RankingReport): string {
  return (
    `The ${part} part: ${split}; ${counts.trainingImpressions} impressions to learn from, ${counts.impressions} measured, ` +
    `${counts.pagesWithPairs} pages with a watched and an unwatched one.`
  );
}

/** Losses by seed and the mean AUC of a form, in the order that it is served in. */
function measured({ scorers }: RankingReport, form: string): [string, string] {
  const rows = scorers.filter(({ name, kind, config }) => name === form && kind === 'model' && config);
  const losses = rows.map(({ weightedPerUserLoss }) => fixed(weightedPerUserLoss.value, 4));
  const auc = rows.reduce((sum, { clickAuc }) => sum + clickAuc / rows.length, 0);
  return [losses.join(', '), fixed(auc, 4)];
}

function verdictOf(verdict: Verdict): string {
  return verdict === 'holds' ? '**better**' : verdict === 'does not hold' ? 'worse' : verdictText(verdict);
}

function warmStartParts({ name, report }: NamedReport): DocumentPart[] {
  const { warmStart } = report;
  if (!warmStart) return [];
  const { days, pagesWithPairs, forms } = warmStart;
  return [
    heading(`${name}: models of days in turn, from nothing and from the day before`),
    text(
      `${days.length} ${days.length === 1 ? 'day' : 'days'} from ${days[0].from}, each by a model trained on all before it (${days[0].trainingImpressions} to ` +
        `${days[days.length - 1].trainingImpressions} impressions); ${pagesWithPairs} pages with a watched and an unwatched one. ` +
        `${beginnings(warmStart)} ${madeBy(report)}`,
    ),
    { kind: 'table', ...warmStartRows(forms) },
  ];
}

/** How far the weights of numbers are from what they were, once carried over. */
function beginnings({ forms }: WarmStartReport): string {
  const starts = forms.flatMap((form) => form.starts).filter(({ began }) => began === 'warm');
  if (starts.length === 0) return '';
  const worst = Math.max(...starts.map(({ bridgeError }) => bridgeError));
  const kept = starts.map(({ copiedVideos, newVideos }) => copiedVideos / (copiedVideos + newVideos));
  return (
    `Of a day's videos ${fixed(100 * Math.min(...kept), 1)}% and more had a row the day before; columns of numbers were carried over ` +
    `within ${fixed(worst, 3)} (root mean square, the worst number).`
  );
}

function madeBy({ commit, measuredAt, machine, command }: EvaluationReport): string {
  const set = command.flatMap((word, i) => (command[i - 1] === '--set' ? [word] : []));
  const settings = set.length > 0 ? ` with ${set.map((one) => `\`--set ${one}\``).join(' ')}` : '';
  return `Commit ${commit}${settings}, ${measuredAt.slice(0, 10)}, ${machine.cores} cores of ${machine.cpu}.`;
}

const range = (ends: readonly [number, number] | undefined) => ends?.map(signed).join(' to ') ?? '';
const text = (content: string): DocumentPart => ({ kind: 'text', text: content });
const heading = (content: string): DocumentPart => ({ kind: 'heading', level: 2, text: content });
