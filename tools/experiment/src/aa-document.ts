/** What A/A tests found, as text and as a page. */
import { percent, textTable } from '@watchnext/command-line';
import { type AaMetric, DOUBTFUL_P, type HeldRate, metricOf } from '@watchnext/experiments';
import { drawChart, type DocumentPart, type ReportDocument } from '@watchnext/plots';
import type { AaReport } from './aa';
import { day, number, signedPercent, pValue, whole } from './format';

const AA_VERDICTS = {
  sound: 'sound: what is served alike is called different as often as promised',
  unsound: 'NOT SOUND: reports of such users are not to be trusted',
} as const;

const verdictOf = ({ isSound }: AaReport) => AA_VERDICTS[isSound ? 'sound' : 'unsound'];

const observed = ({ rate, count, of }: HeldRate) => `${percent(rate)} (${whole(count)} of ${whole(of)})`;
const chance = ({ kind, range }: HeldRate) =>
  kind === 'at-most' ? `to ${percent(range.high)}` : `${percent(range.low)} to ${percent(range.high)}`;
const reach = (value: number) => (Number.isFinite(value) ? `±${percent(value)}` : '–');
const label = ({ metric }: AaMetric) => metricOf(metric).label;

const METRIC_HEADER = [
  'metric',
  'one look',
  'by chance',
  'daily looks',
  'by chance',
  'p-values even',
  'one look ±',
  'daily ±',
  'found',
  '',
];

const metricRows = ({ metrics }: AaReport): string[][] =>
  metrics.map((metric) => [
    label(metric),
    ...(metric.oneLook ? [observed(metric.oneLook), chance(metric.oneLook)] : ['–', '–']),
    observed(metric.everyLook),
    chance(metric.everyLook),
    metric.evenP === undefined ? '–' : pValue(metric.evenP),
    reach(metric.fixedReach),
    reach(metric.alwaysValidReach),
    signedPercent(metric.smallestLift),
    metric.oneLook ? metric.objections.join('; ') || 'sound' : `not judged: too few events`,
  ]);

const RATIO_HEADER = ['sample ratio', 'found', 'by chance', ''];

const ratioRows = ({ sampleRatio: { hidden, doubtful, objections } }: AaReport): string[][] => [
  [
    `result hidden at some look, at most ${percent(hidden.promised)}`,
    observed(hidden),
    chance(hidden),
    hidden.kept ? 'sound' : objections[0],
  ],
  [
    `chi-square p below ${DOUBTFUL_P} at the end, ${percent(doubtful.promised)} of as many users`,
    observed(doubtful),
    chance(doubtful),
    doubtful.kept ? 'sound' : objections.at(-1)!,
  ],
];

function heading({
  experiment,
  control,
  treatment,
  fromMs,
  untilMs,
  users,
  replicates,
  seed,
  settings,
  days,
}: AaReport): string {
  const shares = [control, treatment].map(
    (name) => `${name} ${experiment.variants.find((one) => one.name === name)!.share}`,
  );
  return (
    `${whole(users)} users of ${days} days, ${day(fromMs)} to ${new Date(untilMs).toISOString()}, split ${whole(replicates)} times by fresh salts (seed ${seed}): ` +
    `${shares.join(', ')}; alpha ${number(settings.alpha)}, power ${settings.power}`
  );
}

const LEGEND =
  'By chance: where the rate of a sound analysis lies (binomial; all checks together leave it in about 1% of runs). P-values even: chi-square p of those of one look being evenly spread over 20 parts. ' +
  'One look ±, daily ±: half the width of the intervals of the lift, on average. Found: the lift that one look finds with the power.';

function notes({ notMeasured, constant, experiment }: AaReport): string[] {
  const parts = experiment.variants.filter(({ share: own }) => own > 0).length;
  return [
    'Not checked: coverage, which counts the videos of lists and is no sum over users; cohorts, which are judged as the primary metric is.',
    ...(constant.length > 0
      ? [`Not checked, as they are the same for all users: ${constant.map((name) => metricOf(name).label).join(', ')}.`]
      : []),
    ...(notMeasured.length > 0
      ? [`Not measured: ${notMeasured.join(', ')} of the audience; users count whatever theirs are.`]
      : []),
    ...(parts > 2 ? [`Of ${parts} variants, the control and the smallest treatment are compared.`] : []),
  ];
}

export function aaText(report: AaReport): string {
  return `${[
    `A/A tests: ${heading(report)}`,
    textTable(METRIC_HEADER, metricRows(report)),
    textTable(RATIO_HEADER, ratioRows(report)),
    [LEGEND, ...notes(report)].join('\n'),
    verdictOf(report),
  ].join('\n\n')}\n`;
}

export function aaDocument(report: AaReport): ReportDocument {
  const figures = report.metrics.flatMap((metric): DocumentPart[] => {
    const { histogram, judged } = metric;
    if (judged === 0) return [];
    const title = `${label(metric)}: p-values`;
    const svg = drawChart({
      title,
      x: 'p of one look',
      y: 'splits',
      series: [
        {
          name: 'splits',
          kind: 'bars',
          points: histogram.map((y, part) => ({ x: (part + 0.5) / histogram.length, y })),
        },
      ],
      xTicks: [0, 0.25, 0.5, 0.75, 1].map((at) => [at, String(at)] as const),
      reference: { y: judged / histogram.length, label: 'evenly spread' },
    });
    return [
      {
        kind: 'figure',
        name: `p-values-${metric.metric}`,
        svg,
        caption: `Of ${whole(judged)} splits; sound where all parts are about alike.`,
      },
    ];
  });
  return {
    title: `A/A tests: ${verdictOf(report)}`,
    parts: [
      { kind: 'text', text: `${heading(report)}.` },
      { kind: 'heading', level: 2, text: 'False alarms' },
      { kind: 'table', header: METRIC_HEADER, rows: metricRows(report) },
      { kind: 'table', header: RATIO_HEADER, rows: ratioRows(report) },
      ...[LEGEND, ...notes(report)].map((text): DocumentPart => ({ kind: 'text', text })),
      { kind: 'heading', level: 2, text: 'How p-values are spread' },
      ...figures,
    ],
  };
}
