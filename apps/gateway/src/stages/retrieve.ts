import { MAX_CANDIDATES, type RetrieveResponse } from '@watchnext/contract';
import type { Retrieval } from '../clients/model-clients';
import { SnapshotMissingError } from '../clients/rpc-failure';
import type { Draft } from '../pipeline/draft';
import type { Stage } from '../pipeline/executor';
import { LADDER_STAGES } from '../pipeline/ladder';
import { isLeftOut } from './assign';
import { isOfExperiment, snapshotNotLoaded } from './experiment-snapshot';
import { type FatigueRule, tiredOf } from './fatigue';
import { forRetrieval } from './for-models';

/**
 * Asks retrieval for candidates, and pins the snapshot that it answered with. Where an experiment's snapshot is not loaded
 * (yet), the current one serves, and the answer says so: what is logged is the snapshot that served.
 *
 * What the viewer is tired of is left out there: those who see many lists a day may be tired of the whole top, and a filter
 * here would leave none of retrieval's candidates. States bound it to 300 videos.
 */
export function retrieveStage(retrieval: Retrieval, candidateCount: number, fatigue: FatigueRule): Stage<Draft> {
  return {
    name: LADDER_STAGES.retrieval,
    timeShare: 0.5,
    // Without the state there is nobody to retrieve for: the answer would be the same for everyone.
    applies: (draft) =>
      !draft.failures.some(({ stage }) => stage === LADDER_STAGES.state) && !isLeftOut(draft, LADDER_STAGES.retrieval),
    run: async (draft, limits) => {
      const ask = (snapshotId: string) =>
        retrieval.retrieve(
          {
            state: forRetrieval(draft.state),
            context: draft.context,
            // What earlier pages showed is filtered here, by its hashes: ask for as many more.
            candidateCount: Math.min(
              MAX_CANDIDATES,
              (draft.serving.candidateCount ?? candidateCount) + draft.request.shown.size,
            ),
            snapshotId,
            excludeVideoIds: [...tiredOf(draft.state.exposures, fatigue, draft.request.requestedAtMs)],
          },
          draft.request.callId,
          limits,
        );
      const { response, warnings } = await orCurrent(draft, ask);
      return {
        patch: {
          retrieved: response.candidates,
          snapshotId: response.snapshotId,
          retrievalHolds: response.heldSnapshotIds,
          warnings: [...draft.warnings, ...warnings],
        },
      };
    },
    failOpen: {
      name: 'other-sources',
      recover: (draft, failure) => ({ retrieved: [], retrievalHolds: [], failures: [...draft.failures, failure] }),
    },
  };
}

async function orCurrent(
  draft: Draft,
  ask: (snapshotId: string) => Promise<RetrieveResponse>,
): Promise<{ response: RetrieveResponse; warnings: string[] }> {
  const { snapshotId } = draft;
  try {
    return { response: await ask(snapshotId), warnings: [] };
  } catch (error) {
    if (!(error instanceof SnapshotMissingError) || !isOfExperiment(draft)) throw error;
    return { response: await ask(''), warnings: [snapshotNotLoaded(snapshotId)] };
  }
}
