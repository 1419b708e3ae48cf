/**
 * An anonymous viewer logs in: what was known of it becomes part of the user.
 *
 * Every part is a join (union by identity, larger number, later time), so merging the same history twice, or a grown
 * one after an older one, counts nothing twice. With one exception, as watches are bounded: between two merges a kept
 * playback may turn out to be longer, and so not completed, or to have begun before, and leave its place. Playbacks of
 * the history that had dropped out may then fit in again, and are counted again in `watchCount`.
 *
 * The price: watches of one channel made under both ids are not added up. Ids of the anonymous user's events stay behind: its retries go to its own partition and state.
 */
import type { UserState } from '@watchnext/contract';
import { mergeChannels, mergeTopics } from './affinities';
import { mergeDismissals, mergeExposures } from './exposures';
import { LIMITS } from './limits';
import { mergeSearches } from './searches';
import { foldPlayback, NEW_PLAYBACK } from './watches';

/** Folds `history` into `state`; takes copies, so that later events do not change the event's own message. */
export function foldHistory(state: UserState, history: UserState): void {
  let added = 0;
  for (const { videoId, startedAtMs, watchSeconds, durationSeconds, playbackHash } of history.watches) {
    const known = foldPlayback(state.watches, videoId, startedAtMs, watchSeconds, durationSeconds, playbackHash);
    // One that is older than what is kept may have been merged before and dropped since: it is not counted again.
    if (known === NEW_PLAYBACK) added++;
  }
  state.watchCount = Math.min(LIMITS.total, Math.max(state.watchCount + added, history.watchCount));
  mergeSearches(state.searches, history.searches);
  mergeChannels(state.channels, history.channels);
  mergeTopics(state.topics, history.topics);
  mergeExposures(state.exposures, history.exposures);
  mergeDismissals(state.dismissals, history.dismissals);
  if (state.profile === undefined && history.profile !== undefined) state.profile = { ...history.profile };
  if (history.lastEventAtMs > state.lastEventAtMs) state.lastEventAtMs = history.lastEventAtMs;
}
