/** The smallest pieces of the paper's experiments: one training, and what it got right of each user's held-out rows. */
import type { CandidateModelConfig } from '@watchnext/candidate-model';
import type { RankingModelConfig } from '@watchnext/ranking-model';
import type { AgeCurve } from './age-curve';

export type Unit = CandidateUnit | AgeCurveUnit | RankingUnit;

/** Next-watch prediction on the days after the training. */
export interface CandidateUnit {
  readonly kind: 'candidate';
  readonly change: Partial<CandidateModelConfig>;
  readonly features: FeatureSet;
  /** `next`: each watch, from what came before it (paper §3.4); `random`: each watch, from what stands around it. */
  readonly labels: 'next' | 'random';
  /**
   * `half`: half the epochs. `warm`: half the epochs, from what was trained on the same log up to the validation days of the
   * split, as a trainer that runs every few days would.
   */
  readonly epochs?: 'half' | 'warm';
}

/** What of the examples the model sees: each set has all of the one before it. */
export type FeatureSet = (typeof FEATURE_SETS)[number];
export const FEATURE_SETS = ['watches', 'searches', 'example age', 'all'] as const;

/** How popular the model takes videos to be by their age. */
export interface AgeCurveUnit {
  readonly kind: 'age-curve';
  readonly change: Partial<CandidateModelConfig>;
}

export interface RankingUnit {
  readonly kind: 'ranking';
  readonly change: Partial<RankingModelConfig>;
}

/** A row for each user: of the metric's numerator and denominator. */
export type UserRows = readonly (readonly [userId: string, numerator: number, denominator: number])[];

export interface UnitResult {
  /** Of the code that made it: results are kept, and a page may stand on those of several. */
  readonly commit?: string;
  /** When the run began that it was trained in. */
  readonly sittingMs?: number;
  /** Of all threads: the clock would also tell what else the machine did. */
  readonly processorSeconds: number;
  /** By the metric's name. */
  readonly metrics: Readonly<Record<string, UserRows>>;
  readonly curve?: AgeCurve;
}

/** The same for the same unit, whatever the order in which its settings were written. */
export function unitKey(unit: Unit): string {
  const sorted = (value: unknown): unknown =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, inner]) => [name, sorted(inner)]),
        )
      : value;
  return JSON.stringify(sorted(unit));
}
