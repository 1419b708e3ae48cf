/**
 * The degradation ladder: full → retrieval order → snapshot's popular and fresh videos, ranked → popular videos held
 * in memory. Which rung an answer stands on follows from which stages failed, and from nothing else.
 */
import { Rung } from '@watchnext/contract';
import type { Draft } from './draft';
import type { FailureCategory, StageFailure } from './failure';

export interface RungDecision {
  readonly rung: Rung;
  /** Why it is not full; empty for full. */
  readonly reason: string;
  /** Who must act on the first failure that cost a rung; empty for full. */
  readonly category: FailureCategory | '';
}

/** Stages whose failure costs a rung. */
export const LADDER_STAGES = { state: 'read-state', retrieval: 'retrieve', ranking: 'rank' } as const;

/**
 * Without the user's state there is nobody to retrieve for: that failure counts as retrieval's.
 * @param isRanked whether ranking scored anything; without retrieval there may have been nothing to ask it for
 */
export function decideRung(failures: readonly StageFailure[], isRanked: boolean): RungDecision {
  const failed = new Set(failures.map(({ stage }) => stage));
  const withoutRetrieval = failed.has(LADDER_STAGES.retrieval) || failed.has(LADDER_STAGES.state);
  const withoutRanking = failed.has(LADDER_STAGES.ranking);
  const costly = new Set<string>(Object.values(LADDER_STAGES));
  const paid = failures.filter(({ stage }) => costly.has(stage));
  // What an experiment chose comes first, and is no failure beside one.
  const first = paid.find(({ category }) => category !== 'chosen') ?? paid[0];
  const why = { reason: paid.map(({ message }) => message).join('; '), category: first?.category ?? '' } as const;
  if (withoutRetrieval)
    return { rung: withoutRanking || !isRanked ? Rung.MEMORY_POPULAR : Rung.SNAPSHOT_POPULAR, ...why };
  return { rung: withoutRanking ? Rung.RETRIEVAL_ORDER : Rung.FULL, ...why };
}

/** The rung of a draft whose stages have run. */
export const rungOf = ({ failures, ranked }: Pick<Draft, 'failures' | 'ranked'>): RungDecision =>
  decideRung(failures, ranked[0]?.score !== undefined);

/** Whether a list is all that was asked for: nothing failed, but for what an experiment chose to go without. */
export const isWhole = ({ rung, category }: RungDecision): boolean => rung === Rung.FULL || category === 'chosen';

/** Names of the rungs in answers, logs and metrics. */
export const RUNG_NAMES = {
  [Rung.FULL]: 'full',
  [Rung.RETRIEVAL_ORDER]: 'retrieval-order',
  [Rung.SNAPSHOT_POPULAR]: 'snapshot-popular',
  [Rung.MEMORY_POPULAR]: 'memory-popular',
} as const;

export type RungName = (typeof RUNG_NAMES)[keyof typeof RUNG_NAMES];

export function rungName(rung: Rung): RungName {
  if (rung in RUNG_NAMES) return RUNG_NAMES[rung as keyof typeof RUNG_NAMES];
  throw new RangeError(`rung ${rung} is not on the ladder`);
}
