/** The paper's findings as parts of a report. */
import { mean } from '@watchnext/learning';
import { drawChart, type DocumentPart, drawIntervals, type Series } from '@watchnext/plots';
import { fixed } from '../text-table';
import type { FindingReport, FormReport, PaperReport } from './report';
import { verdictText } from './verdict';

const METRIC_NAMES: Record<FindingReport['metric'], string> = {
  map: 'MAP',
  'weighted per-user loss': 'weighted per-user loss',
  'misplaced share': 'watches put at a wrong age',
};
const digits = (metric: FindingReport['metric']) => (metric === 'map' ? 4 : 3);
const number = (value: number, metric: FindingReport['metric']) => fixed(value, digits(metric));
const signed = (value: number, metric: FindingReport['metric']) =>
  `${!Number.isFinite(value) ? '' : value < 0 ? '−' : '+'}${number(Math.abs(value), metric)}`;
const slug = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

/** A line for each headline: whether the paper's ordering holds on each log. */
export function summaryTable({ logs }: PaperReport): DocumentPart {
  const headlines = new Set(logs.flatMap(({ findings }) => findings.flatMap((one) => [...headlinesOf(one).keys()])));
  const cell = (findings: readonly FindingReport[], headline: string) => {
    const finding = findings.find((one) => headlinesOf(one).has(headline));
    if (!finding) return '–';
    const { gain, verdict } = headlinesOf(finding).get(headline)!;
    const seeds = finding.seeds.length === 1 ? 'one seed' : `${finding.seeds.length} seeds`;
    return `${verdictText(verdict)} (${signed(gain, finding.metric)}, ${seeds})`;
  };
  return {
    kind: 'table',
    header: ['finding', ...logs.map(({ name }) => name)],
    rows: [...headlines].map((headline) => [headline, ...logs.map(({ findings }) => cell(findings, headline))]),
  };
}

function headlinesOf({ title, orderings }: FindingReport) {
  const own = orderings.flatMap((one) => (one.headline === undefined ? [] : [[one.headline, one] as const]));
  return new Map(own.length > 0 ? own : [[title, orderings[0]]]);
}

/** Each finding with its table and figures, one log after the other. */
export function findingParts({ logs }: PaperReport): DocumentPart[] {
  const names = new Map(logs.flatMap(({ findings }) => findings.map((finding) => [finding.part, finding])));
  return [...names.values()].flatMap(({ part, title, claim }): DocumentPart[] => [
    { kind: 'heading', level: 2, text: title },
    { kind: 'text', text: claim },
    ...logs.flatMap(({ name, findings }) => {
      const finding = findings.find((one) => one.part === part);
      return finding ? findingOn(name, finding) : [];
    }),
  ]);
}

function findingOn(log: string, finding: FindingReport): DocumentPart[] {
  const { metric, seeds, forms, orderings, part, recallK, note } = finding;
  const name = slug(`${part} ${log}`);
  const withRecall = forms.some(({ recall }) => recall !== undefined);
  const range = (ends: readonly [number, number] | undefined) =>
    ends ? ends.map((end) => signed(end, metric)).join(' to ') : '';
  return [
    { kind: 'heading', level: 3, text: log },
    {
      kind: 'text',
      text: `${seeds.length === 1 ? 'Seed' : 'Seeds'} ${seeds.join(', ')}; ${METRIC_NAMES[metric]}, ${metric === 'map' ? 'more' : 'less'} is better.${note === undefined ? '' : ` ${note}`}`,
    },
    { kind: 'figure', name, svg: plotOf(log, finding), caption: `${finding.title}: ${log}` },
    ...(orderings.length > 1
      ? [
          {
            kind: 'figure' as const,
            name: `${name}-steps`,
            svg: drawIntervals(
              `by how much the first is better, ${METRIC_NAMES[metric]}`,
              orderings.map(({ better, worse, gain, interval95: [low, high] }) => ({
                label: `${better} over ${worse}`,
                value: gain,
                low,
                high,
              })),
              { x: '95% by bootstrap paired on users; right of 0 as the paper has it' },
            ),
            caption: `${finding.title}: ${log}, step by step`,
          },
        ]
      : []),
    {
      kind: 'table',
      header: ['form', METRIC_NAMES[metric], '95%, users', 'by seed', ...(withRecall ? [`recall@${recallK}`] : [])],
      rows: forms.map((form) => [
        form.name,
        number(mean(form.bySeed), metric),
        form.interval95 ? form.interval95.map((end) => number(end, metric)).join(' to ') : '',
        form.bySeed.map((value) => number(value, metric)).join(', '),
        ...(withRecall ? [form.recall === undefined ? '' : fixed(form.recall, 4)] : []),
      ]),
    },
    {
      kind: 'table',
      header: ['should be better', 'than', 'gain', '95%, users (paired)', '95%, seeds', '95%, both', 'ordering'],
      rows: orderings.map(({ better, worse, gain, interval95, acrossSeeds95, both95, verdict }) => [
        better,
        worse,
        signed(gain, metric),
        range(interval95),
        range(acrossSeeds95),
        range(both95),
        verdictText(verdict),
      ]),
    },
  ];
}

function plotOf(log: string, finding: FindingReport): string {
  const { plot, metric, forms } = finding;
  const y = METRIC_NAMES[metric];
  if (plot === 'curve') return curvePlot(log, forms);
  if (plot === 'lines') return linesPlot(log, finding);
  return drawChart({
    title: `${log}: ${y}`,
    x: '',
    y,
    names: forms.map(({ name }) => name),
    fromZero: false,
    yRange: spread(forms),
    series: [
      {
        name: y,
        kind: 'dots',
        points: forms.map(({ bySeed, interval95 }, x) => ({
          x,
          y: mean(bySeed),
          ...(interval95 ? { low: interval95[0], high: interval95[1] } : {}),
        })),
      },
    ],
  });
}

/** Room around the whiskers; no zero, since what is compared lies close together. */
function spread(forms: readonly FormReport[]): [number, number] {
  const ends = forms.flatMap(({ bySeed, interval95 }) => interval95 ?? bySeed);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const room = 0.08 * (high - low || high || 1);
  return [Math.max(0, low - room), high + room];
}

/** Of names "tower, features": a line for each set of features over the towers. */
function linesPlot(log: string, { forms, metric }: FindingReport): string {
  const split = forms.map((form) => ({ form, names: form.name.split(', ') }));
  const towers = [...new Set(split.map(({ names }) => names[0]))];
  const sets = [...new Set(split.map(({ names }) => names[1]))];
  const series = sets.map((set): Series => ({
    name: set === 'all' ? 'all features' : set === 'watches' ? 'watches' : `+ ${set}`,
    points: split
      .filter(({ names }) => names[1] === set)
      .map(({ form, names }) => ({ x: towers.indexOf(names[0]), y: mean(form.bySeed) })),
  }));
  return drawChart({
    title: `${log}: ${METRIC_NAMES[metric]} by depth and features`,
    x: 'hidden layers',
    y: METRIC_NAMES[metric],
    names: towers,
    fromZero: false,
    series,
  });
}

function curvePlot(log: string, forms: readonly FormReport[]): string {
  const [first] = forms;
  const predicted = forms.map(({ name, curve = [] }): Series => ({
    name,
    points: curve.map((point) => ({ x: point.ageDays, y: point.predicted })),
  }));
  const observed: Series = {
    name: 'observed',
    colour: '#333333',
    dashed: true,
    points: (first.curve ?? []).map((point) => ({ x: point.ageDays, y: point.observed })),
  };
  return drawChart({
    title: `${log}: popularity of a video by its age`,
    x: 'days since the upload (below 0: not uploaded yet)',
    y: 'watches, average video = 1',
    series: [...predicted, observed],
  });
}
