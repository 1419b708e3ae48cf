import type { RequestContext, UserState } from '@watchnext/contract';
import { countryOf } from '@watchnext/features';
import type { UserStates } from '../clients/user-states';
import type { Draft, RecommendationRequest } from '../pipeline/draft';
import type { Stage } from '../pipeline/executor';
import { LADDER_STAGES } from '../pipeline/ladder';

/**
 * Reads the user's state and its mark, once: all models of the request see this state and no other.
 * Without the store the state is empty, and so is the mark that the impressions carry.
 */
export function readStateStage(states: UserStates): Stage<Draft> {
  return {
    name: LADDER_STAGES.state,
    timeShare: 0.3,
    run: async ({ request }, limits) => {
      const { state, mark } = await states.read(request.userId, limits);
      return { patch: { state, mark, context: contextOf(request, state) } };
    },
    failOpen: { name: 'empty-state', recover: (draft, failure) => ({ failures: [...draft.failures, failure] }) },
  };
}

/** The circumstances that features see and impressions record; what the request leaves open the profile fills in. */
export function contextOf(request: RecommendationRequest, state: UserState): RequestContext {
  return {
    requestedAtMs: request.requestedAtMs,
    surface: request.surface,
    country: countryOf(state, request),
    device: request.device,
    // Profiles belong to accounts; an anonymous viewer has none.
    loggedIn: state.profile !== undefined,
    seedVideoId: request.seedVideoId,
  };
}
