/** How long an experiment must run, by what users did lately. */
import { TOPICS } from '@watchnext/contract';
import type { ArchiveTable, EventArchive } from '@watchnext/event-archive';
import {
  type DurationPlan,
  type EffectEstimate,
  estimateEffect,
  type Experiment,
  type MetricName,
  metricOf,
  type Moments,
  mostUnseenRate,
  planDuration,
  testSettings,
  type UserWeights,
  userWeights,
} from '@watchnext/experiments';
import { DAY_MS } from '@watchnext/features';
import { createExposureTables, firstDayOf, needAttribution, untoldParts } from './exposure-tables';
import { readDailyMoments } from './read-moments';
import { InterleavedError, smallestOf, treatmentsOf } from './treatments';

export interface Plan extends DurationPlan {
  readonly experiment: string;
  /** Measured on: fewer than were asked for where the archive's lists are younger. */
  readonly days: number;
  /** Served in these days, with lists that fit the audience but for `notMeasured`. */
  readonly users: number;
  /** Parts of the audience that the archive does not tell, by their fields: the plan is of users whatever these are. */
  readonly notMeasured: readonly string[];
  readonly controlValue: number;
  readonly varianceReduction: number;
  /** About ln(treatment/control), after each of the days. */
  readonly informations: readonly number[];
  /** Without all of them settled nothing ships. */
  readonly guardrails: readonly GuardrailPlan[];
}

/** When a guardrail is probably held (with the experiment's power) by a treatment that does not touch its metric. */
export interface GuardrailPlan extends Pick<DurationPlan, 'fixedDays' | 'alwaysValidDays'> {
  readonly metric: MetricName;
  readonly mostHarm: number;
  readonly controlValue: number;
}

/**
 * What each day of an experiment with these shares would have told, had it run over the last `days` days of the archive:
 * users of its audience as they came, the covariate of the days before. Days before the archive's first list are none of it: in an
 * experiment users come from its first day on.
 *
 * @throws InterleavedError, NoTreatmentError
 */
export async function planExperiment(
  archive: EventArchive,
  experiment: Experiment,
  { days, lift, nowMs }: { days: number; lift: number; nowMs: number },
): Promise<Plan> {
  // How much viewers of two rankings agree is in no archive without interleaved lists, and what an A/B test takes is no answer.
  if (experiment.design === 'interleaved')
    throw new InterleavedError(
      experiment,
      'there is no plan for an interleaved experiment, whose lists are of both variants; plan the A/B test that follows it, with design "split"',
    );
  const askedMs = nowMs - days * DAY_MS;
  const fromDay = firstDayOf({ startMs: askedMs, covariateDays: experiment.covariateDays });
  const moments = await archive.analyse(TOPICS.activity, { fromDay }, async (table) => {
    const { audience, covariateDays, primaryMetric, guardrails } = experiment;
    const planned = [primaryMetric, ...guardrails.map(({ metric }) => metric)];
    const isAttributed = needAttribution(planned);
    const measuredDays = await daysWithLists(table, askedMs, nowMs);
    const startMs = nowMs - measuredDays * DAY_MS;
    const exposure = { audience, startMs, endMs: nowMs, covariateDays, isAttributed };
    await createExposureTables(table, { ...exposure, experiment: undefined });
    return (await readDailyMoments(table, 1, measuredDays))[0];
  });
  return planFrom(moments, experiment, lift);
}

/** Whole days, to the nearest, from the first list of the window (of whatever audience) to its end; all of them where there is none. */
async function daysWithLists(table: ArchiveTable, startMs: number, endMs: number): Promise<number> {
  const [{ first }] = (await table.rows(`
    SELECT min(occurred_at_ms)::DOUBLE AS first FROM events
    WHERE kind = 'impressions_served' AND occurred_at_ms >= ${startMs} AND occurred_at_ms < ${endMs}`)) as [
    { first: number | null },
  ];
  return Math.max(1, Math.round((endMs - (first ?? startMs)) / DAY_MS));
}

/** @param pooled moments of all users after each day. @throws NoTreatmentError */
export function planFrom(pooled: readonly Moments[], experiment: Experiment, lift: number): Plan {
  const treatments = treatmentsOf(experiment);
  const test = { ...testSettings(experiment, treatments.length), power: experiment.power };
  const { informations, last } = measure(pooled, experiment, treatments, experiment.primaryMetric);
  return {
    ...planDuration(lift, informations, test),
    experiment: experiment.name,
    days: pooled.length,
    users: pooled.at(-1)?.userCount ?? 0,
    notMeasured: untoldParts(experiment.audience),
    controlValue: last?.control.value ?? NaN,
    varianceReduction: last?.varianceReduction ?? 0,
    informations,
    guardrails: experiment.guardrails.map(({ metric, mostHarm }) => {
      const measured = measure(pooled, experiment, treatments, metric);
      const controlValue = measured.last?.control.value ?? NaN;
      const { isShare, denominator } = metricOf(metric);
      if (isShare && denominator !== undefined && controlValue === 0) {
        const weights = pooled.map((moments) => userWeights(moments, denominator));
        const days = daysUnseen(weights, measured, mostHarm, test.alpha);
        return { metric, mostHarm, controlValue, fixedDays: days, alwaysValidDays: days };
      }
      // As far from no effect, on the scale of ln(treatment/control), as the harm that is to be ruled out.
      const distance = metricOf(metric).better === 'lower' ? mostHarm : mostHarm / (1 - mostHarm);
      const { fixedDays, alwaysValidDays } = planDuration(distance, measured.informations, test);
      return { metric, mostHarm, controlValue, fixedDays, alwaysValidDays };
    }),
  };
}

/** What each day tells of a metric, about the control and the treatment with the smallest share. */
function measure(
  pooled: readonly Moments[],
  { variants, layerPart }: Experiment,
  treatments: readonly number[],
  name: MetricName,
): { informations: number[]; controlPart: number; smallestPart: number; last: EffectEstimate | undefined } {
  const part = layerPart[1] - layerPart[0];
  const smallest = variants[smallestOf(variants, treatments)].share;
  const effects = pooled.map((moments) => estimateEffect(moments, moments, metricOf(name)));
  const informations = effects.map(({ logRatioError }) => {
    // The error of one arm that has all the users, then of two that have their shares.
    const variance = (logRatioError ** 2 / 2) * (1 / (part * variants[0].share) + 1 / (part * smallest));
    return variance > 0 ? 1 / variance : 0;
  });
  return {
    informations,
    controlPart: part * variants[0].share,
    smallestPart: part * smallest,
    last: effects.at(-1),
  };
}

/** Days until a treatment has the users of whom none need have seen what none has seen now. @param pooled of all users, by day */
function daysUnseen(
  pooled: readonly UserWeights[],
  { controlPart, smallestPart }: Pick<ReturnType<typeof measure>, 'controlPart' | 'smallestPart'>,
  mostHarm: number,
  alpha: number,
): number | undefined {
  const index = pooled.findIndex(({ userCount, relativeVariance }) => {
    const treatment = { userCount: smallestPart * userCount, relativeVariance };
    const both = { userCount: (controlPart + smallestPart) * userCount, relativeVariance };
    return mostUnseenRate(treatment, both, alpha / 2) <= mostHarm;
  });
  return index < 0 ? undefined : index + 1;
}
