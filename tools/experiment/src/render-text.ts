import { percent, textTable } from '@watchnext/command-line';
import { type MetricResult, metricOf, type Preference, VERDICTS } from '@watchnext/experiments';
import { day, number, signedPercent, percentInterval, pValue, whole } from './format';
import { type Comparison, type ExperimentReport, hasResult } from './report';

export function renderText(report: ExperimentReport): string {
  const {
    experiment,
    fromMs,
    untilMs,
    dayCount,
    isOver,
    quality,
    snapshots,
    comparisons,
    overriddenUsers,
    preferences,
  } = report;
  const state = isOver ? 'ended' : 'running';
  const parts = [
    `${experiment.name}: ${experiment.hypothesis}`,
    `${state}, day ${dayCount}, ${day(fromMs)} to ${new Date(untilMs).toISOString()}; ${experiment.design}, control ${report.control}`,
  ];
  if (quality) {
    const { sampleRatio, objections, warnings } = quality;
    const names = experiment.variants.filter(({ share }) => share > 0).map(({ name }) => name);
    parts.push(
      [
        `Sample ratio: ${sampleRatio.passed ? 'holds' : 'DOES NOT HOLD'} (chi-square p ${pValue(sampleRatio.chiSquareP)}, sequential p ${pValue(sampleRatio.sequentialP)})`,
        ...names.map(
          (name, index) =>
            `  ${name}: ${whole(sampleRatio.counts[index])} users, ${percent(sampleRatio.expectedShares[index])} expected`,
        ),
        ...remarkLines({ objections, warnings }),
      ].join('\n'),
    );
  }
  const ofSnapshots = remarkLines(snapshots);
  if (ofSnapshots.length > 0) parts.push(['Snapshots:', ...ofSnapshots].join('\n'));
  if (overriddenUsers > 0) parts.push(`${whole(overriddenUsers)} testers are left out.`);
  parts.push(...comparisons.map((comparison) => comparisonText(comparison, report)));
  if (experiment.design === 'interleaved' && !preferences) parts.push(VERDICTS.hidden);
  if (preferences) {
    if (!hasResult(report)) parts.push(VERDICTS['too-early']);
    parts.push(
      `Preference for ${experiment.variants[1].name} over ${report.control}, −100% to +100%:\n${textTable(
        ['credit', 'users', 'preference', 'always valid', 'one look', 'p'],
        [
          ['watch seconds', ...preferenceCells(preferences.watchSeconds)],
          ['clicks', ...preferenceCells(preferences.clicks)],
        ],
      )}`,
    );
  }
  return `${parts.join('\n\n')}\n`;
}

const remarkLines = ({ objections, warnings }: ExperimentReport['snapshots']): string[] => [
  ...objections.map((text) => `  NO RESULT: ${text}`),
  ...warnings.map((text) => `  note: ${text}`),
];

function preferenceCells({ userCount, preference, alwaysValidInterval, fixedInterval, alwaysValidP }: Preference) {
  return [
    whole(userCount),
    signedPercent(preference),
    percentInterval(alwaysValidInterval),
    percentInterval(fixedInterval),
    pValue(alwaysValidP),
  ];
}

function comparisonText({ variant, verdict, metrics, cohorts, coverage }: Comparison, { control }: ExperimentReport) {
  const title = `${variant} against ${control}: ${VERDICTS[verdict]}`;
  if (metrics.length === 0) return title;
  const rows = metrics.map((result) => [metricLabel(result), ...metricCells(result)]);
  const parts = [
    title,
    textTable(['metric', control, variant, 'lift', 'always valid', 'one look', 'p', 'CUPED', ''], rows),
  ];
  if (coverage) {
    parts.push(
      `  coverage, of ${whole(coverage.listsEach)} lists each in 20 groups: ${number(coverage.controlVideos)} and ${number(coverage.treatmentVideos)} different videos a group, ${signedPercent(coverage.lift)} (${percentInterval(coverage.interval)})`,
    );
  }
  if (cohorts.length > 0) {
    parts.push(
      `  ${metricOf(metrics.find(({ role }) => role === 'primary')!.metric).label} by cohort; intervals hold for all ${cohorts.length} at once (Bonferroni), at one look, p after Holm:\n${textTable(
        ['cohort', 'users', 'lift', 'for all at once', 'p', ''],
        cohorts.map(({ dimension, cohort, look, correctedP, state }) => [
          `${dimension} ${cohort}`,
          whole(look.controlUsers + look.treatmentUsers),
          signedPercent(look.lift),
          percentInterval(look.alwaysValidInterval),
          pValue(correctedP),
          state === 'open' ? '' : state,
        ]),
      )}`,
    );
  }
  return parts.join('\n');
}

export const metricLabel = ({ metric, role }: MetricResult): string =>
  `${metricOf(metric).label}${role === 'other' ? '' : ` (${role})`}`;

function metricCells({ looks, p, state, guardrail }: MetricResult): string[] {
  const newest = looks.at(-1)!;
  const { controlValue, treatmentValue, lift, alwaysValidInterval, fixedInterval, varianceReduction } = newest;
  const word = guardrail === undefined ? state : guardrail === 'open' ? 'not settled' : guardrail;
  return [
    number(controlValue),
    number(treatmentValue),
    signedPercent(lift),
    percentInterval(alwaysValidInterval),
    percentInterval(fixedInterval),
    pValue(p),
    varianceReduction > 0 ? `−${percent(varianceReduction, 0)}` : '',
    word === 'open' ? '' : word,
  ];
}
