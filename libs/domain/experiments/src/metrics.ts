/** What an experiment is judged by. Each is a mean per user or a ratio of two sums, users being the unit either way. */

/**
 * Sums kept of every user from their first list in the experiment on, and `covariate`, of before it started. Impressions,
 * lists and what is attributed, dismissals too, are of the experiment's lists alone; watches and their seconds of all.
 */
export const USER_NUMBERS = [
  'watchSeconds',
  'attributedWatchSeconds',
  'watches',
  'attributedWatches',
  'impressions',
  'lists',
  'dismissals',
  'degradedLists',
  'latencyMs',
  'covariate',
] as const;
export type UserNumber = (typeof USER_NUMBERS)[number];

export interface MetricDefinition {
  readonly label: string;
  readonly numerator: UserNumber;
  /** Undefined: the number of users. */
  readonly denominator: UserNumber | undefined;
  readonly better: 'higher' | 'lower';
  /** Whether the numerator counts some of what the denominator counts, so that a user's ratio is at most 1. */
  readonly isShare: boolean;
  /** Whether watch seconds before the start say something of it. */
  readonly usesCovariate: boolean;
}

export const METRICS = {
  watchSecondsPerUser: {
    label: 'watch seconds per user',
    numerator: 'watchSeconds',
    denominator: undefined,
    better: 'higher',
    isShare: false,
    usesCovariate: true,
  },
  watchSecondsPerImpression: {
    label: 'watch seconds per impression',
    numerator: 'attributedWatchSeconds',
    denominator: 'impressions',
    better: 'higher',
    isShare: false,
    usesCovariate: true,
  },
  watchesPerUser: {
    label: 'watches per user',
    numerator: 'watches',
    denominator: undefined,
    better: 'higher',
    isShare: false,
    usesCovariate: true,
  },
  clicksPerImpression: {
    label: 'clicks per impression',
    numerator: 'attributedWatches',
    denominator: 'impressions',
    better: 'higher',
    isShare: true,
    usesCovariate: true,
  },
  listsPerUser: {
    label: 'lists per user',
    numerator: 'lists',
    denominator: undefined,
    better: 'higher',
    isShare: false,
    usesCovariate: true,
  },
  dismissalsPerImpression: {
    label: 'dismissals per impression',
    numerator: 'dismissals',
    denominator: 'impressions',
    better: 'lower',
    isShare: true,
    usesCovariate: false,
  },
  latencyMs: {
    label: 'latency of a list, ms',
    numerator: 'latencyMs',
    denominator: 'lists',
    better: 'lower',
    isShare: false,
    usesCovariate: false,
  },
  degradedShare: {
    label: 'share of degraded lists',
    numerator: 'degradedLists',
    denominator: 'lists',
    better: 'lower',
    isShare: true,
    usesCovariate: false,
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof METRICS;
export const METRIC_NAMES = Object.keys(METRICS) as [MetricName, ...MetricName[]];
export const metricOf = (name: MetricName): MetricDefinition => METRICS[name];
