import type { RequestContext, SearchEntry, UserState } from '@watchnext/contract';
import { isCompleted } from './completion';
import { countryOf } from './countries';
import type { CandidateFeatures } from './types';

/**
 * Input of the candidate model (paper §3.3, §3.4): what the state knows from strictly before
 * `context.requestedAtMs`. Entries at or after that moment, which only a wrong clock can have put there, are left out.
 *
 * @param withWatchTimes for a model that looks at the times of watches
 */
export function candidateFeatures(
  state: UserState,
  context: RequestContext,
  withWatchTimes = false,
): CandidateFeatures {
  const watchedVideoIds: string[] = [];
  const watchedAtMs: number[] = [];
  for (const entry of state.watches) {
    if (entry.startedAtMs >= context.requestedAtMs) break;
    if (!isCompleted(entry)) continue;
    watchedVideoIds.push(entry.videoId);
    if (withWatchTimes) watchedAtMs.push(entry.startedAtMs);
  }
  const searchTokens = searchTokensBefore(state.searches, context.requestedAtMs);
  return {
    watchedVideoIds,
    ...(withWatchTimes ? { watchedAtMs } : {}),
    ...candidateCircumstances(state, context, searchTokens),
  };
}

/** All but the history; replay keeps that in other ways. */
export type CandidateCircumstances = Omit<CandidateFeatures, 'watchedVideoIds' | 'watchedAtMs'>;

/** Of a viewer of whom nothing is known but its history, as in a log that holds watches alone. */
export const NO_CIRCUMSTANCES: CandidateCircumstances = {
  searchTokens: [],
  country: '',
  device: '',
  loggedIn: false,
  ageYears: 0,
  gender: 0,
};

/** @param searchTokens of before the request: replay computes them once for all labels between two searches */
export function candidateCircumstances(
  state: UserState,
  { country, device, loggedIn }: Pick<RequestContext, 'country' | 'device' | 'loggedIn'>,
  searchTokens: readonly string[],
): CandidateCircumstances {
  const { profile } = state;
  return {
    searchTokens,
    country: countryOf(state, { country }),
    device,
    loggedIn,
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
