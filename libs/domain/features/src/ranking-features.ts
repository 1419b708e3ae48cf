/**
 * Inputs of the ranking model as raw numbers (paper §4.1); the model normalises them. The user's part is computed here, once
 * a request; the video's part, once a candidate, in `ranking-video-features.ts`.
 *
 * Everything is as of `context.requestedAtMs`: what the state dates at or after it is treated as if it were not there
 * (a counter with such a date too, since it holds at least one count from the future). NaN says that there is nothing
 * to say, which is not the same as 0: "shown 0 times" is known, "hours since it was shown" then is not.
 *
 * Only exact arithmetic, comparisons and Math.sin and Math.cos (the same code on every machine within one V8), so a
 * replay gives the same bits.
 */
import type { RequestContext, SearchEntry, UserState } from '@watchnext/contract';
import { searchTokensBefore } from './candidate-features';
import { countryOf } from './countries';
import { placesOf } from './places-of';
import { completionOf, hoursBetween } from './ranking-units';
import type { RankingSearches, RankingUserFeatures } from './types';
import { firstOfNewest } from './watches';
import { DAY_MS } from './time';

/** Names of `RankingUserFeatures.numbers`, in order. "Recent" are the newest 50 playbacks, completed or not. */
export const RANKING_USER_NUMBERS = [
  'hoursSinceLastWatch',
  /** Playbacks ever. */
  'watchCount',
  'watchesLast24Hours',
  'meanRecentWatchSeconds',
  /** Share of the duration watched, each at most 1, over recent watches of known duration. */
  'meanRecentCompletion',
  'searchesLast24Hours',
  'hoursSinceLastSearch',
  /** Distinct videos shown, as far as the state remembers. */
  'videosShownLast24Hours',
  'loggedIn',
  'ageYears',
  /** Position in the UTC day and in the UTC week (from Monday) on the unit circle. */
  'hourOfDaySine',
  'hourOfDayCosine',
  'dayOfWeekSine',
  'dayOfWeekCosine',
] as const;

/** Of one who has searched for nothing; what a model that does not look at searches is given. */
export const NO_SEARCHES: RankingSearches = { tokens: [], last: [] };

/** What was searched for before `beforeMs`. @param searches ascending by time */
export function rankingSearches(searches: readonly SearchEntry[], beforeMs: number): RankingSearches {
  const past = countBefore(searches, beforeMs, (entry) => entry.searchedAtMs);
  if (past === 0) return NO_SEARCHES;
  return { tokens: searchTokensBefore(searches, beforeMs), last: searches[past - 1].tokens };
}

/** Where each number goes. */
const AT = placesOf(RANKING_USER_NUMBERS);

/**
 * @param searched replay computes them once for all lists between two searches, and serving only for a model that looks at them
 * @param numbers where the numbers go: every one of them is written
 */
export function rankingUserFeatures(
  state: UserState,
  context: RequestContext,
  searched = rankingSearches(state.searches, context.requestedAtMs),
  numbers: Float64Array = new Float64Array(RANKING_USER_NUMBERS.length),
): RankingUserFeatures {
  const nowMs = context.requestedAtMs;
  const { watches, searches } = state;
  const dayBeforeMs = nowMs - DAY_MS;

  const firstWatch = firstOfNewest(watches);
  const endOfPast = Math.max(
    firstWatch,
    countBefore(watches, nowMs, (entry) => entry.startedAtMs),
  );
  const pastWatches = endOfPast - firstWatch;
  let watchesLastDay = 0;
  let watchSeconds = 0;
  let completion = 0;
  let completionCount = 0;
  for (let i = firstWatch; i < endOfPast; i++) {
    const entry = watches[i];
    if (entry.startedAtMs >= dayBeforeMs) watchesLastDay++;
    watchSeconds += entry.watchSeconds;
    if (entry.durationSeconds > 0) {
      completion += completionOf(entry);
      completionCount++;
    }
  }
  const lastWatch = pastWatches > 0 ? watches[endOfPast - 1] : undefined;

  const pastSearches = countBefore(searches, nowMs, (entry) => entry.searchedAtMs);
  let searchesLastDay = 0;
  while (searchesLastDay < pastSearches && searches[pastSearches - 1 - searchesLastDay].searchedAtMs >= dayBeforeMs) {
    searchesLastDay++;
  }
  let shownLastDay = 0;
  for (const { lastShownAtMs } of state.exposures) {
    if (lastShownAtMs >= dayBeforeMs && lastShownAtMs < nowMs) shownLastDay++;
  }

  // 1970-01-01 was a Thursday: three days on, weeks begin on Monday.
  const dayTurn = (2 * Math.PI * (nowMs % DAY_MS)) / DAY_MS;
  const weekTurn = (2 * Math.PI * ((nowMs + 3 * DAY_MS) % (7 * DAY_MS))) / (7 * DAY_MS);

  numbers[AT.hoursSinceLastWatch] = hoursBetween(lastWatch?.startedAtMs, nowMs);
  numbers[AT.watchCount] = state.watchCount - (watches.length - endOfPast);
  numbers[AT.watchesLast24Hours] = watchesLastDay;
  numbers[AT.meanRecentWatchSeconds] = pastWatches > 0 ? watchSeconds / pastWatches : NaN;
  numbers[AT.meanRecentCompletion] = completionCount > 0 ? completion / completionCount : NaN;
  numbers[AT.searchesLast24Hours] = searchesLastDay;
  numbers[AT.hoursSinceLastSearch] = hoursBetween(
    pastSearches > 0 ? searches[pastSearches - 1].searchedAtMs : undefined,
    nowMs,
  );
  numbers[AT.videosShownLast24Hours] = shownLastDay;
  numbers[AT.loggedIn] = context.loggedIn ? 1 : 0;
  numbers[AT.ageYears] = state.profile?.ageYears || NaN;
  numbers[AT.hourOfDaySine] = Math.sin(dayTurn);
  numbers[AT.hourOfDayCosine] = Math.cos(dayTurn);
  numbers[AT.dayOfWeekSine] = Math.sin(weekTurn);
  numbers[AT.dayOfWeekCosine] = Math.cos(weekTurn);
  return {
    userId: state.userId,
    lastWatchedVideoId: lastWatch?.videoId ?? '',
    seedVideoId: context.seedVideoId,
    ...placeOfRequest(state, context),
    device: context.device,
    searches: searched,
    numbers,
  };
}

/** Where a list was asked for: as of whom, if the request does not say. */
export const placeOfRequest = (
  state: UserState,
  context: RequestContext,
): Pick<RankingUserFeatures, 'surface' | 'country'> => ({
  surface: context.surface,
  country: countryOf(state, context),
});

/** How many of the entries, ascending by time, lie before `beforeMs`. */
function countBefore<Entry>(entries: readonly Entry[], beforeMs: number, timeOf: (entry: Entry) => number): number {
  let count = entries.length;
  while (count > 0 && timeOf(entries[count - 1]) >= beforeMs) count--;
  return count;
}
