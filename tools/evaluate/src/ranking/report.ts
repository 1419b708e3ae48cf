/** The ranking half of the report, as `--json` writes it. */
import type { Cohort, CohortLimits } from '@watchnext/evaluation';
import type { RankingModelConfig } from '@watchnext/ranking-model';
import type { Comparison } from '../paper/verdict';
import type { LossPoint } from '../document/loss-curve';
import type { CalibrationTables } from './calibration';

export interface RankingReport {
  readonly source: string;
  /** In words: what was trained on and what measured. */
  readonly split: string;
  /** "test", or "validation" while settings are being chosen. */
  readonly part: 'test' | 'validation';
  readonly seeds: readonly number[];
  readonly counts: {
    readonly trainingImpressions: number;
    readonly impressions: number;
    readonly clicked: number;
    /** Pages with a watched and an unwatched impression: what the weighted per-user loss is of. */
    readonly pagesWithPairs: number;
    readonly users: number;
    /** Impressions that the peer's file has a score of; rows of it that belong to none. */
    readonly peerMatched?: number;
    readonly peerUnmatchedRows?: number;
  };
  /** What `cohorts` of the scorers are told apart by; absent from reports of before. */
  readonly cohortLimits?: CohortLimits;
  readonly scorers: readonly RankingScorerReport[];
  /** Of each form of the model with the default, all seeds together, in the order that each is served in. */
  readonly comparisons?: readonly FormComparison[];
  /** Of each form of the model in each of its orders with each order of the peer, all seeds together. */
  readonly peerComparisons?: readonly PeerComparison[];
}

/** The gain is by how much less the peer loses than the form, on the pages that the peer scored. */
export interface PeerComparison extends Comparison {
  readonly form: string;
  readonly orders: string;
  readonly peer: string;
  readonly peerOrders: string;
  readonly lossBySeed: readonly number[];
  readonly peerLoss: number;
  /** How many times the peer's loss the form's is. */
  readonly times: MeasuredValue & {
    /** By Student's t over the seeds; absent of one seed. */
    readonly acrossSeeds95?: readonly [number, number];
  };
}

/** A gain is by how much less the form loses than the default. */
export interface FormComparison extends Comparison {
  readonly form: string;
  readonly lossBySeed: readonly number[];
  readonly defaultLossBySeed: readonly number[];
}

export interface RankingScorerReport {
  readonly name: string;
  readonly kind: 'model' | 'baseline' | 'peer';
  /** What it orders by. */
  readonly orders: string;
  readonly seed?: number;
  readonly weightedPerUserLoss: MeasuredValue;
  readonly clickAuc: number;
  /** By bootstrap over users, as the others; absent from reports of before. */
  readonly clickAucInterval95?: readonly [number, number];
  readonly groupedClickAuc: MeasuredValue;
  /** Of what gives seconds. */
  readonly watchTimeMaeSeconds?: MeasuredValue;
  readonly watchTimeRmseSeconds?: number;
  readonly watchTimeRmseInterval95?: readonly [number, number];
  /** Weighted per-user loss less that of the best counting baseline, and of the peer on the pages that it scored. */
  readonly againstFloor?: PairedDifference;
  readonly againstPeer?: PairedDifference;
  /** How many times that of the peer, in the first of its orders, the loss is. */
  readonly timesPeer?: MeasuredValue;
  /** Absent from reports of before. */
  readonly cohorts?: readonly RankingCohort[];
  readonly calibration?: CalibrationTables;
  readonly config?: RankingModelConfig;
  readonly trainingSeconds?: number;
  readonly lossCurve?: readonly LossPoint[];
}

/** A cohort's impressions, ordered among themselves; NaN where none of its pages has a watched and an unwatched one. */
export interface RankingCohort {
  readonly cohort: Cohort;
  readonly impressions: number;
  readonly pagesWithPairs: number;
  readonly weightedPerUserLoss: MeasuredValue;
  readonly clickAuc: MeasuredValue;
}

export interface MeasuredValue {
  readonly value: number;
  /** By bootstrap over users. */
  readonly interval95: readonly [number, number];
}

/** By bootstrap paired on users; below zero where the row's scorer is better. */
export interface PairedDifference {
  readonly scorer: string;
  readonly difference: number;
  readonly interval95: readonly [number, number];
}
