import { hashPoint, teamDraft } from '@watchnext/experiments';
import type { Draft, RankedCandidate } from '../pipeline/draft';
import { type Stage, type StageReport, runStages } from '../pipeline/executor';
import { Rung } from '@watchnext/contract';
import { LADDER_STAGES, rungOf } from '../pipeline/ladder';
import { servedAs } from './assign';

/** Of the stage's time, so much is for the rankings: each must still be able to fall back within it. */
const RANKING_SHARE = 0.85;
const INTERLEAVE = 'interleave';

/**
 * Ranks the request twice, as each of an interleaved experiment's two variants would, and drafts one ranking of both
 * in turn. Where either is not in full, or not of the snapshot that its variant names, the list is the control's alone and no
 * item counts for a team; where there was no time for either, the list is of the gateway's memory.
 *
 * @param rankingStages the stages that make a ranking; for an interleaved request they run here and not after
 */
export function interleaveStage(
  rankingStages: readonly Stage<Draft>[],
  report: (draft: Draft, report: StageReport) => void,
): Stage<Draft> {
  return {
    name: INTERLEAVE,
    timeShare: 0.9,
    applies: (draft) => isInterleaved(draft),
    run: async (draft, { deadlineAtMs, signal, isHurried }) => {
      const nowMs = Date.now();
      const limits = { deadlineAtMs: nowMs + RANKING_SHARE * (deadlineAtMs - nowMs), signal, isHurried };
      const { experiment, overridden, variant } = interleavedBy(draft)!;
      // A tester sees the one variant that was asked for.
      const variants = overridden ? [variant] : experiment.variants;
      const drafts = await Promise.all(
        variants.map(({ serving }) => {
          const own = { ...draft, ...servedAs(draft, { ...draft.serving, ...serving }, draft.assignments) };
          return runStages(rankingStages, own, limits, (stage) => report(draft, stage));
        }),
      );
      const [control, treatment] = drafts as [Draft, Draft | undefined];
      const warnings = [...new Set(drafts.flatMap((one) => one.warnings))];
      if (treatment === undefined || !drafts.every(isAsAsked)) return { patch: { ...control, warnings } };
      const patch = drafted(control, treatment, [variants[0]!.name, variants[1]!.name]);
      return { patch: { ...control, ...patch, warnings } };
    },
    failOpen: {
      name: 'memory',
      recover: (draft, failure) => ({
        failures: [
          ...draft.failures,
          failure,
          ...[LADDER_STAGES.retrieval, LADDER_STAGES.ranking].map((stage) => ({ ...failure, stage })),
        ],
      }),
    },
  };
}

/** Whether the rankings are made here, and not by the stages after. */
export const isInterleaved = (draft: Pick<Draft, 'assignments' | 'failures'>): boolean =>
  interleavedBy(draft) !== undefined && !draft.failures.some(({ stage }) => stage === INTERLEAVE);

/** Whether the two rankings that the list was drafted of are of different snapshots; it then names neither. */
export const isOfTwoSnapshots = ({ ranked, snapshotId }: Pick<Draft, 'ranked' | 'snapshotId'>): boolean =>
  snapshotId === '' && ranked[0]?.team !== undefined;

/** Two rankings of the current snapshot, where one was to be of another, would be compared as if they differed. */
const isAsAsked = (draft: Draft): boolean =>
  rungOf(draft).rung === Rung.FULL && draft.snapshotId === (draft.serving.snapshotId ?? draft.snapshotId);

const interleavedBy = ({ assignments }: Pick<Draft, 'assignments'>) =>
  assignments.find(({ experiment }) => experiment.design === 'interleaved');

function drafted(control: Draft, treatment: Draft, [first, second]: [string, string]): Partial<Draft> {
  let round = 0;
  const ranked = teamDraft<RankedCandidate, string>(
    { team: first, ranking: control.ranked },
    { team: second, ranking: treatment.ranked },
    ({ videoId }) => videoId,
    Infinity,
    () => hashPoint('draft', control.request.requestId, String(round++)) < 0.5,
  );
  const isOfOneSnapshot = control.snapshotId === treatment.snapshotId;
  return {
    ranked: ranked.map(({ item, team }) => ({
      ...item,
      team,
      // Replay takes a checksum for that of the list's snapshot, and this list has two.
      featuresChecksum: isOfOneSnapshot ? item.featuresChecksum : undefined,
    })),
    snapshotId: isOfOneSnapshot ? control.snapshotId : '',
  };
}
