import { percent, textTable } from '@watchnext/command-line';
import { metricOf, VERDICTS } from '@watchnext/experiments';
import { day, number, percentInterval, pValue, signedPercent, whole } from './format';
import { type Comparison, type ExperimentReport, hasResult } from './report';
import {
  cohortCells,
  cohortColumns,
  metricCells,
  metricColumns,
  preferenceCells,
  preferenceColumns,
} from './report-tables';

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
        preferenceColumns,
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

function comparisonText({ variant, verdict, metrics, cohorts, coverage }: Comparison, { control }: ExperimentReport) {
  const title = `${variant} against ${control}: ${VERDICTS[verdict]}`;
  if (metrics.length === 0) return title;
  const parts = [title, textTable(metricColumns(control, variant), metrics.map(metricCells))];
  if (coverage) {
    parts.push(
      `  coverage, of ${whole(coverage.listsEach)} lists each in 20 groups: ${number(coverage.controlVideos)} and ${number(coverage.treatmentVideos)} different videos a group, ${signedPercent(coverage.lift)} (${percentInterval(coverage.interval)})`,
    );
  }
  if (cohorts.length > 0) {
    parts.push(
      `  ${metricOf(metrics.find(({ role }) => role === 'primary')!.metric).label} by cohort; intervals hold for all ${cohorts.length} at once (Bonferroni), at one look, p after Holm:\n${textTable(
        cohortColumns,
        cohorts.map(cohortCells),
      )}`,
    );
  }
  return parts.join('\n');
}
