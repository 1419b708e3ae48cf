/** What models of days in turn came to, as `--json` writes it. */
import type { CalibrationRow } from '@watchnext/evaluation';
import type { RankingWarmStart } from '@watchnext/ranking-model';

export interface WarmStartReport {
  readonly source: string;
  readonly seeds: readonly number[];
  readonly days: readonly {
    readonly from: string;
    readonly trainingImpressions: number;
    readonly impressions: number;
  }[];
  readonly pagesWithPairs: number;
  /** The first is what the others are compared with. */
  readonly forms: readonly DailyFormReport[];
}

/** Of all days together; means over seeds where nothing else is said. */
export interface DailyFormReport {
  readonly name: string;
  readonly weightedPerUserLoss: number;
  /** By bootstrap over users. */
  readonly interval95: readonly [number, number];
  readonly lossBySeed: readonly number[];
  /** Loss less that of the first form, paired on users; below zero where this one is better. */
  readonly lessThanAnew: { readonly difference: number; readonly interval95: readonly [number, number] };
  readonly clickAuc: number;
  readonly watchTimeMaeSeconds: number;
  /** Of the first seed, tenths by what was predicted, the least first. */
  readonly calibration: readonly CalibrationRow[];
  /** Of all members, and of the training that calibration is measured with. */
  readonly stepsPerDay: number;
  /** Of all threads: the clock would also tell what else the machine did. */
  readonly processorSecondsPerDay: number;
  /** Of the first seed: how each day began. */
  readonly starts: readonly RankingWarmStart[];
}
