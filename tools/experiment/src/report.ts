/** The report of an experiment: read from the archive, judged by @watchnext/experiments. */
import type { ArchiveTable, EventArchive } from '@watchnext/event-archive';
import { TOPICS } from '@watchnext/contract';
import {
  checkQuality,
  checkSnapshots,
  type CohortResult,
  cohortResults,
  type Experiment,
  type MetricResult,
  metricResults,
  type Preference,
  type QualityReport,
  testSettings,
  type Verdict,
  verdictOf,
} from '@watchnext/experiments';
import { DAY_MS } from '@watchnext/features';
import { type CoverageResult, readCoverage } from './coverage';
import { createExposureTables, firstDayOf } from './exposure-tables';
import { readPreferences } from './preferences';
import { readCohortMoments, readDailyMoments } from './read-moments';
import { readQuality } from './read-quality';
import { readSnapshotUse } from './read-snapshots';
import { treatmentsOf } from './treatments';

export interface Comparison {
  readonly variant: string;
  readonly verdict: Verdict;
  /** Empty where the result is hidden. */
  readonly metrics: readonly MetricResult[];
  readonly cohorts: readonly CohortResult[];
  /** Undefined where nothing was shown in either, or the result is hidden. */
  readonly coverage: CoverageResult | undefined;
}

export interface ExperimentReport {
  readonly experiment: Experiment;
  readonly control: string;
  readonly fromMs: number;
  /** Up to here events were counted. */
  readonly untilMs: number;
  /** Days begun. */
  readonly dayCount: number;
  readonly isOver: boolean;
  readonly overriddenUsers: number;
  /** Undefined for an interleaved experiment, whose lists are of both variants. */
  readonly quality: QualityReport | undefined;
  /** What the snapshots that served say against the result (then it is hidden), and what is to be known of them. */
  readonly snapshots: Pick<QualityReport, 'objections' | 'warnings'>;
  readonly comparisons: readonly Comparison[];
  /** Of an interleaved experiment whose result is not hidden. */
  readonly preferences: { readonly watchSeconds: Preference; readonly clicks: Preference } | undefined;
}

/** Cohorts with fewer users in a variant than this are noise, and would cost the others their power. */
const FEWEST_IN_COHORT = 50;

export class NotStartedError extends Error {}

/** What a report looks at. @throws NotStartedError */
export function periodOf(
  { name, start, stop }: Experiment,
  nowMs: number,
): Pick<ExperimentReport, 'fromMs' | 'untilMs' | 'dayCount' | 'isOver'> {
  if (nowMs <= start)
    throw new NotStartedError(
      `experiment ${name} starts at ${new Date(start).toISOString()}: there is nothing to report yet`,
    );
  const untilMs = Math.min(nowMs, stop);
  return { fromMs: start, untilMs, dayCount: Math.ceil((untilMs - start) / DAY_MS), isOver: nowMs >= stop };
}

/** @throws NotStartedError, NoTreatmentError; EventArchiveError */
export async function reportExperiment(
  archive: EventArchive,
  experiment: Experiment,
  nowMs: number,
): Promise<ExperimentReport> {
  const shared = { experiment, control: experiment.variants[0].name, ...periodOf(experiment, nowMs) };
  const { untilMs } = shared;
  return archive.analyse(
    TOPICS.activity,
    { fromDay: firstDayOf({ startMs: experiment.start, covariateDays: experiment.covariateDays }) },
    async (table) => {
      if (experiment.design === 'interleaved') {
        const { preferences, overriddenUsers } = await readPreferences(table, experiment, untilMs);
        const snapshots = checkSnapshots(await readSnapshotUse(table, experiment, untilMs));
        const shown = snapshots.objections.length === 0 ? preferences : undefined;
        return { ...shared, overriddenUsers, quality: undefined, snapshots, comparisons: [], preferences: shown };
      }
      return { ...shared, ...(await compareVariants(table, experiment, shared)), preferences: undefined };
    },
  );
}

/** Whether there is anything to go by: not where the data are not to be trusted, nor where it is too early to say anything. */
export function hasResult({ comparisons, preferences }: ExperimentReport): boolean {
  if (preferences) return Object.values(preferences).some(({ fixedP }) => !Number.isNaN(fixedP));
  return comparisons.some(({ verdict }) => verdict !== 'hidden' && verdict !== 'too-early');
}

/** Makes the tables of the experiment's users, and says what there is against a result. */
export async function readUsers(table: ArchiveTable, experiment: Experiment, untilMs: number) {
  const { start: startMs, covariateDays, variants } = experiment;
  await createExposureTables(table, { experiment, startMs, endMs: untilMs, covariateDays });
  const data = await readQuality(table, variants.length, { startMs, endMs: untilMs });
  const quality = checkQuality(experiment, data);
  const snapshots = checkSnapshots(await readSnapshotUse(table, experiment, untilMs));
  return { data, quality, snapshots };
}

async function compareVariants(
  table: ArchiveTable,
  experiment: Experiment,
  { untilMs, dayCount, isOver }: { untilMs: number; dayCount: number; isOver: boolean },
): Promise<Pick<ExperimentReport, 'quality' | 'snapshots' | 'comparisons' | 'overriddenUsers'>> {
  const { variants } = experiment;
  const treatments = treatmentsOf(experiment);
  const { data, quality, snapshots } = await readUsers(table, experiment, untilMs);
  if (quality.objections.length > 0 || snapshots.objections.length > 0) {
    const hidden = { verdict: 'hidden' as const, metrics: [], cohorts: [], coverage: undefined };
    const comparisons = treatments.map((index) => ({ variant: variants[index].name, ...hidden }));
    return { quality, snapshots, comparisons, overriddenUsers: data.overriddenUsers };
  }
  const moments = await readDailyMoments(table, variants.length, dayCount);
  const cohorts = await readCohortMoments(table, variants.length);
  const coverage = await readCoverage(table, experiment, untilMs);
  const settings = testSettings(experiment, treatments.length);
  const comparisons = treatments.map((index): Comparison => {
    const days = moments[0].map((control, day) => ({ control, treatment: moments[index][day] }));
    const metrics = metricResults(days, experiment, settings);
    const large = cohorts
      .map(({ dimension, cohort, byVariant }) => ({
        dimension,
        cohort,
        control: byVariant[0],
        treatment: byVariant[index],
      }))
      .filter(({ control, treatment }) => Math.min(control.userCount, treatment.userCount) >= FEWEST_IN_COHORT);
    return {
      variant: variants[index].name,
      verdict: verdictOf(metrics, isOver),
      metrics,
      cohorts: cohortResults(large, experiment, treatments.length),
      coverage: coverage[index],
    };
  });
  return { quality, snapshots, comparisons, overriddenUsers: data.overriddenUsers };
}
