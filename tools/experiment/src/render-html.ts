/** The report as one page that can be mailed or attached: nothing in it is fetched. */
import { percent } from '@watchnext/command-line';
import { metricOf, VERDICTS } from '@watchnext/experiments';
import { day, number, percentInterval, pValue, signedPercent, whole } from './format';
import { escapeXml } from '@watchnext/plots';
import { plotEffect, plotForest, PLOT_STYLE } from './plots';
import { type Comparison, type ExperimentReport, hasResult } from './report';
import {
  cohortCells,
  cohortColumns,
  metricCells,
  metricColumns,
  metricLabel,
  preferenceCells,
  preferenceColumns,
} from './report-tables';

const STYLE = `
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #222; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.5rem; } .quiet { color: #666; }
table { border-collapse: collapse; width: 100%; font-size: 14px; } td, th { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid #eee; }
td:first-child, th:first-child { text-align: left; } th { font-weight: 600; color: #555; }
.banner { padding: .7rem 1rem; border-radius: 6px; font-weight: 600; background: #eef2f7; }
.good { background: #e3f4e6; } .bad { background: #fbe6e4; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1rem; } figure { margin: 0; } figcaption { font-weight: 600; }
.key span { display: inline-block; width: 1em; height: .8em; margin: 0 .3em 0 1em; }${PLOT_STYLE}`;

export function renderHtml(report: ExperimentReport): string {
  const { experiment, fromMs, untilMs, dayCount, isOver, comparisons, overriddenUsers, preferences, control } = report;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(experiment.name)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeXml(experiment.name)}</h1>
<p class="quiet">${isOver ? 'Ended' : 'Running'}, day ${dayCount}: ${day(fromMs)} to ${escapeXml(new Date(untilMs).toISOString())}. ${escapeXml(experiment.design)}, control ${escapeXml(control)}.</p>
<p>${escapeXml(experiment.hypothesis)}</p>
${qualitySection(report)}
${remarks(report.snapshots)}
${overriddenUsers > 0 ? `<p class="quiet">${whole(overriddenUsers)} testers are left out.</p>` : ''}
${comparisons.some(({ metrics }) => metrics.length > 0) || preferences ? howToRead(report) : ''}
${comparisons.map((comparison) => comparisonSection(comparison, control)).join('\n')}
${experiment.design === 'interleaved' && !preferences ? `<p class="banner bad">${escapeXml(VERDICTS.hidden)}</p>` : ''}
${preferences ? preferenceSection(preferences, experiment.variants[1].name, report) : ''}
</body>
</html>
`;
}

const table = (header: readonly string[], rows: readonly (readonly string[])[]) =>
  `<table><thead><tr>${header.map((cell) => `<th scope="col">${escapeXml(cell)}</th>`).join('')}</tr></thead><tbody>${rows
    .map((cells) => `<tr>${cells.map((cell) => `<td>${escapeXml(cell)}</td>`).join('')}</tr>`)
    .join('')}</tbody></table>`;

function qualitySection({ quality, experiment }: ExperimentReport): string {
  if (!quality) return '';
  const { sampleRatio, objections, warnings, suspects, machines } = quality;
  const variants = experiment.variants.filter(({ share }) => share > 0);
  return `<h2>Can it be trusted?</h2>
<p class="banner ${objections.length === 0 ? 'good' : 'bad'}">Sample ratio ${sampleRatio.passed ? 'holds' : 'does not hold'}: chi-square p ${pValue(sampleRatio.chiSquareP)}, sequential p ${pValue(sampleRatio.sequentialP)}</p>
${table(
  ['variant', 'users', 'share', 'expected', 'taken for machines'],
  variants.map(({ name }, index) => [
    name,
    whole(sampleRatio.counts[index]),
    share(sampleRatio.counts[index] / sampleRatio.counts.reduce((sum, count) => sum + count, 0)),
    share(sampleRatio.expectedShares[index]),
    whole(machines[experiment.variants.indexOf(variants[index])]),
  ]),
)}
${remarks({ objections, warnings })}
${
  suspects.length === 0
    ? ''
    : `<h3>Where users are missing</h3>${table(
        ['segment', ...experiment.variants.map(({ name }) => name), 'p after Holm'],
        suspects
          .slice(0, 20)
          .map(({ dimension, segment, users, correctedP }) => [
            `${dimension} ${segment}`,
            ...users.map(whole),
            pValue(correctedP),
          ]),
      )}`
}`;
}

/** For who was sent the page and has not read how reports are made. */
const howToRead = ({
  experiment: { alpha, minimumLift, design },
}: ExperimentReport): string => `<h2>How to read this</h2>
<p class="quiet">Intervals say what is compatible with the data. Those <b>at every look</b> hold however often and whenever one looks${design === 'split' ? ': the verdict goes by them' : ''}. Those
at one look are narrower, and hold for a single look whose day was fixed beforehand. Those of one metric are wrong with a chance of ${alpha} at most (<code>alpha</code>), over all treatments together; those at
every look are sharpest where the lift is near ${signedPercent(minimumLift)} (<code>minimumLift</code>).${design === 'split' ? JUDGEMENTS : ''}</p>`;
const JUDGEMENTS = ` CUPED is how much of the variance is explained by what users watched before the start, and taken out. The
judgement is better or worse where that is certain at every look (of metrics that are neither primary nor a guardrail, for all of them at once); of a guardrail it is held where more harm than allowed is ruled out, broken where such harm is certain, and else not settled.`;

const remarks = ({ objections, warnings }: ExperimentReport['snapshots']): string =>
  [
    ...objections.map((text) => `<p class="banner bad">No result: ${escapeXml(text)}</p>`),
    ...warnings.map((text) => `<p>${escapeXml(text)}.</p>`),
  ].join('\n');

const share = (value: number) => (Number.isFinite(value) ? percent(value, 2) : '–');

function comparisonSection({ variant, verdict, metrics, cohorts, coverage }: Comparison, control: string): string {
  const tone = verdict === 'ship' ? 'good' : ['hidden', 'harmful', 'worse'].includes(verdict) ? 'bad' : '';
  const head = `<h2>${escapeXml(variant)} against ${escapeXml(control)}</h2>
<p class="banner ${tone}">${escapeXml(VERDICTS[verdict])}</p>`;
  if (metrics.length === 0) return head;
  const plotted = [...metrics].sort((a, b) => order(a.role) - order(b.role));
  return `${head}
${table(metricColumns(control, variant), metrics.map(metricCells))}
${coverage ? `<p>Coverage, of ${whole(coverage.listsEach)} lists each in 20 groups: ${number(coverage.controlVideos)} and ${number(coverage.treatmentVideos)} different videos a group, ${signedPercent(coverage.lift)} (${percentInterval(coverage.interval)}).</p>` : ''}
<h3>The lift, day by day</h3>
<p class="key quiet"><span style="background:#cfe0f5"></span>holds at every look<span style="background:#93b8e6"></span>holds at one look</p>
<div class="plots">${plotted
    .map(
      (result) =>
        `<figure><figcaption>${escapeXml(metricLabel(result))}</figcaption>${plotEffect(metricLabel(result), result.looks)}</figure>`,
    )
    .join('\n')}</div>
${
  cohorts.length === 0
    ? ''
    : `<h3>By cohort</h3>
<p class="quiet">${escapeXml(metricOf(metrics.find(({ role }) => role === 'primary')!.metric).label)}; the intervals hold for all ${cohorts.length} cohorts at once (Bonferroni), at one look, p after Holm's correction.</p>
${plotForest(
  'lift by cohort',
  cohorts.map(({ dimension, cohort, look }) => ({
    label: `${dimension} ${cohort}`,
    lift: look.lift,
    interval: look.alwaysValidInterval,
  })),
)}
${table(cohortColumns, cohorts.map(cohortCells))}`
}`;
}

const order = (role: string) => ['primary', 'guardrail', 'other'].indexOf(role);

function preferenceSection(
  { watchSeconds, clicks }: NonNullable<ExperimentReport['preferences']>,
  variant: string,
  report: ExperimentReport,
): string {
  return `<h2>Preference for ${escapeXml(variant)} over ${escapeXml(report.control)}</h2>
${hasResult(report) ? '' : `<p class="banner">${escapeXml(VERDICTS['too-early'])}</p>`}
<p class="quiet">What a list drafted of both rankings earned each, as (treatment − control) / (treatment + control).</p>
${table(preferenceColumns, [
  ['watch seconds', ...preferenceCells(watchSeconds)],
  ['clicks', ...preferenceCells(clicks)],
])}
${plotForest('preference', [
  { label: 'watch seconds', lift: watchSeconds.preference, interval: watchSeconds.alwaysValidInterval },
  { label: 'clicks', lift: clicks.preference, interval: clicks.alwaysValidInterval },
])}`;
}
