import type { RequestContext, SearchEntry, UserState } from '@watchnext/contract';
import { type CompletedRule, DEFAULT_COMPLETED_RULE, isCompleted } from './completion';
import type { CandidateFeatures } from './types';

/**
 * Input of the candidate model (paper §3.3, §3.4): what the state knows from strictly before
 * `context.requestedAtMs`. Entries at or after that moment, which only a wrong clock can have put there, are left out.
 *
 * @param rule must be the one the model was trained with
 * @param withWatchTimes for a model that looks at the times of watches
 */
export function candidateFeatures(
  state: UserState,
  context: RequestContext,
  rule: CompletedRule = DEFAULT_COMPLETED_RULE,
  withWatchTimes = false,
): CandidateFeatures {
  const searchTokens = searchTokensBefore(state.searches, context.requestedAtMs);
  return candidateFeaturesWith(state, context, rule, searchTokens, withWatchTimes);
}

/** The same, with the tokens given: replay computes them once for all labels between two searches. */
export function candidateFeaturesWith(
  state: UserState,
  context: RequestContext,
  rule: CompletedRule,
  searchTokens: readonly string[],
  withWatchTimes = false,
): CandidateFeatures {
  const watchedVideoIds: string[] = [];
  const watchedAtMs: number[] = [];
  for (const { videoId, startedAtMs, watchSeconds, durationSeconds } of state.watches) {
    if (startedAtMs >= context.requestedAtMs) break;
    if (!isCompleted(watchSeconds, durationSeconds, rule)) continue;
    watchedVideoIds.push(videoId);
    if (withWatchTimes) watchedAtMs.push(startedAtMs);
  }
  const { profile } = state;
  return {
    watchedVideoIds,
    ...(withWatchTimes ? { watchedAtMs } : {}),
    searchTokens,
    country: context.country || (profile?.country ?? ''),
    device: context.device,
    loggedIn: context.loggedIn,
    ageYears: profile?.ageYears ?? 0,
    gender: profile?.gender ?? 0,
  };
}

/** Distinct tokens of the searches before `beforeMs`, sorted: their order must not tell which query came last. */
export function searchTokensBefore(searches: readonly SearchEntry[], beforeMs: number): string[] {
  const distinct = new Set<string>();
  for (const { tokens, searchedAtMs } of searches) {
    if (searchedAtMs >= beforeMs) break;
    for (const token of tokens) distinct.add(token);
  }
  return [...distinct].sort();
}
