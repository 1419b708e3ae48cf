import type { Retrieval } from '../clients/model-clients';
import type { Draft } from '../pipeline/draft';
import type { Stage } from '../pipeline/executor';
import { LADDER_STAGES } from '../pipeline/ladder';
import { forModels } from './for-models';

/** Asks retrieval for candidates, and pins the snapshot that it answered with. */
export function retrieveStage(retrieval: Retrieval, candidateCount: number): Stage<Draft> {
  return {
    name: LADDER_STAGES.retrieval,
    timeShare: 0.5,
    // Without the state there is nobody to retrieve for: the answer would be the same for everyone.
    applies: (draft) => !draft.failures.some(({ stage }) => stage === LADDER_STAGES.state),
    run: async (draft, limits) => {
      const response = await retrieval.retrieve(
        {
          state: forModels(draft.state),
          context: draft.context,
          // What earlier pages showed is filtered here, by its hashes: ask for as many more.
          candidateCount: Math.min(2_000, candidateCount + draft.request.shown.size),
          snapshotId: draft.snapshotId,
          excludeVideoIds: [],
        },
        draft.request.requestId,
        limits,
      );
      return {
        patch: {
          retrieved: response.candidates,
          snapshotId: response.snapshotId,
          retrievalHolds: response.heldSnapshotIds,
        },
      };
    },
    failOpen: {
      name: 'other-sources',
      recover: (draft, failure) => ({ retrieved: [], retrievalHolds: [], failures: [...draft.failures, failure] }),
    },
  };
}
