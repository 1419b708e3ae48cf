import { viewerOf } from '@watchnext/features';
import type { Draft } from '../pipeline/draft';
import type { Stage } from '../pipeline/executor';
import { type FatigueRule, tiredOf } from './fatigue';
import { applyFilters } from './filters';

/** Removes what may not be shown, and counts why. */
export function filterStage(fatigue: FatigueRule): Stage<Draft> {
  return {
    name: 'filter',
    timeShare: 1,
    run: ({ offers, state, context, request }) => {
      const { kept, removed } = applyFilters(offers, {
        seedVideoId: request.seedVideoId,
        watchedVideoIds: new Set(state.watches.map(({ videoId }) => videoId)),
        dismissedVideoIds: new Set(state.dismissals.map(({ videoId }) => videoId)),
        tiredOfVideoIds: tiredOf(state.exposures, fatigue, request.requestedAtMs),
        shown: request.shown,
        blockedChannelIds: new Set(state.profile?.blockedChannelIds),
        viewer: viewerOf(state, context),
      });
      const removedByFilter: Record<string, number> = {};
      for (const { filter } of removed) removedByFilter[filter] = (removedByFilter[filter] ?? 0) + 1;
      return { patch: { proposals: kept, removedByFilter } };
    },
  };
}
