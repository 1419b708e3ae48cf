/** The report's tables, in the words that text and page share. */
import { percent } from '@watchnext/command-line';
import { type CohortResult, type MetricResult, metricOf, type Preference } from '@watchnext/experiments';
import { number, percentInterval, pValue, signedPercent, whole } from './format';

const INTERVALS = ['at every look', 'at one look'] as const;

export const preferenceColumns = ['credit', 'users', 'preference', ...INTERVALS, 'p'];

export const preferenceCells = ({
  userCount,
  preference,
  alwaysValidInterval,
  fixedInterval,
  alwaysValidP,
}: Preference): string[] => [
  whole(userCount),
  signedPercent(preference),
  percentInterval(alwaysValidInterval),
  percentInterval(fixedInterval),
  pValue(alwaysValidP),
];

export const metricColumns = (control: string, variant: string): string[] => [
  'metric',
  control,
  variant,
  'lift',
  ...INTERVALS,
  'p',
  'CUPED',
  'judgement',
];

export function metricCells(result: MetricResult): string[] {
  const { looks, p, state, guardrail } = result;
  const newest = looks.at(-1)!;
  const { controlValue, treatmentValue, lift, alwaysValidInterval, fixedInterval, varianceReduction } = newest;
  return [
    metricLabel(result),
    number(controlValue),
    number(treatmentValue),
    signedPercent(lift),
    percentInterval(alwaysValidInterval),
    percentInterval(fixedInterval),
    pValue(p),
    varianceReduction > 0 ? `−${percent(varianceReduction, 0)}` : '',
    guardrail === 'open' ? 'not settled' : wordOf(guardrail ?? state),
  ];
}

export const metricLabel = ({ metric, role }: MetricResult): string =>
  `${metricOf(metric).label}${role === 'other' ? '' : ` (${role})`}`;

export const cohortColumns = ['cohort', 'users', 'lift', 'for all at once', 'p', 'judgement'];

export const cohortCells = ({ dimension, cohort, look, correctedP, state }: CohortResult): string[] => [
  `${dimension} ${cohort}`,
  whole(look.controlUsers + look.treatmentUsers),
  signedPercent(look.lift),
  percentInterval(look.alwaysValidInterval),
  pValue(correctedP),
  wordOf(state),
];

/** Of most metrics there is nothing to say: that leaves a blank, in which the others stand out. */
const wordOf = (state: string) => (state === 'open' ? '' : state);
