/** The last 50 searches, ascending by (time, tokens). */
import type { SearchEntry } from '@watchnext/contract';
import { LIMITS } from './limits';

/** Puts a search in its place by time; one older than all 50 is dropped. */
export function foldSearch(searches: SearchEntry[], entry: Readonly<SearchEntry>): void {
  // A query without letters and digits leaves nothing to learn from, and must not push out one that did.
  if (entry.tokens.length === 0) return;
  let index = searches.length;
  while (index > 0 && compareSearches(searches[index - 1], entry) > 0) index--;
  const full = searches.length >= LIMITS.searches;
  if (full && index === 0) return;
  searches.splice(index, 0, { tokens: [...entry.tokens], searchedAtMs: entry.searchedAtMs });
  if (full) searches.shift();
}

/** Adds the searches of an anonymous history that are not there yet. */
export function mergeSearches(searches: SearchEntry[], from: readonly SearchEntry[]): void {
  for (const entry of from) {
    if (!searches.some((known) => compareSearches(known, entry) === 0)) foldSearch(searches, entry);
  }
}

function compareSearches(left: Readonly<SearchEntry>, right: Readonly<SearchEntry>): number {
  if (left.searchedAtMs !== right.searchedAtMs) return left.searchedAtMs - right.searchedAtMs;
  const shared = Math.min(left.tokens.length, right.tokens.length);
  for (let i = 0; i < shared; i++) {
    if (left.tokens[i] !== right.tokens[i]) return left.tokens[i] < right.tokens[i] ? -1 : 1;
  }
  return left.tokens.length - right.tokens.length;
}
