/** Videos shown to the user and videos dismissed: ascending by video id, bounded by recency. */
import type { DismissalEntry, Exposure, ImpressionItem } from '@watchnext/contract';
import { findKey, insertAt, type KeyedEntries, trimToBound } from './keyed-lists';
import { LIMITS } from './limits';

const EXPOSURES: KeyedEntries<Exposure> = {
  bound: LIMITS.exposures,
  keyOf: (entry) => entry.videoId,
  timeOf: (entry) => entry.lastShownAtMs,
};

const DISMISSALS: KeyedEntries<DismissalEntry> = {
  bound: LIMITS.dismissals,
  keyOf: (entry) => entry.videoId,
  timeOf: (entry) => entry.dismissedAtMs,
};

/** Counts every item of a served list; what no longer fits is dropped after all are in, so item order is nothing. */
export function foldImpressions(exposures: Exposure[], items: readonly ImpressionItem[], atMs: number): void {
  for (const { videoId } of items) {
    const index = findKey(exposures, videoId, EXPOSURES);
    if (index < 0) {
      insertAt(exposures, -1 - index, { videoId, impressionCount: 1, lastShownAtMs: atMs });
      continue;
    }
    const entry = exposures[index];
    if (entry.impressionCount < LIMITS.count) entry.impressionCount++;
    if (atMs > entry.lastShownAtMs) entry.lastShownAtMs = atMs;
  }
  trimToBound(exposures, EXPOSURES);
}

/** Joins exposures of an anonymous history: the larger of each number, for the reason given at affinities. */
export function mergeExposures(exposures: Exposure[], from: readonly Exposure[]): void {
  for (const other of from) {
    const index = findKey(exposures, other.videoId, EXPOSURES);
    if (index < 0) {
      insertAt(exposures, -1 - index, { ...other });
      continue;
    }
    const entry = exposures[index];
    entry.impressionCount = Math.max(entry.impressionCount, other.impressionCount);
    entry.lastShownAtMs = Math.max(entry.lastShownAtMs, other.lastShownAtMs);
  }
  trimToBound(exposures, EXPOSURES);
}

export function exposureOf(exposures: readonly Exposure[], videoId: string): Exposure | undefined {
  return exposures[findKey(exposures, videoId, EXPOSURES)];
}

/** Keeps the latest dismissal of a video. */
export function foldDismissal(dismissals: DismissalEntry[], videoId: string, atMs: number): void {
  joinDismissal(dismissals, videoId, atMs);
  trimToBound(dismissals, DISMISSALS);
}

export function mergeDismissals(dismissals: DismissalEntry[], from: readonly DismissalEntry[]): void {
  for (const other of from) joinDismissal(dismissals, other.videoId, other.dismissedAtMs);
  trimToBound(dismissals, DISMISSALS);
}

function joinDismissal(dismissals: DismissalEntry[], videoId: string, atMs: number): void {
  const index = findKey(dismissals, videoId, DISMISSALS);
  if (index < 0) insertAt(dismissals, -1 - index, { videoId, dismissedAtMs: atMs });
  else if (atMs > dismissals[index].dismissedAtMs) dismissals[index].dismissedAtMs = atMs;
}

export function dismissalOf(dismissals: readonly DismissalEntry[], videoId: string): DismissalEntry | undefined {
  return dismissals[findKey(dismissals, videoId, DISMISSALS)];
}
