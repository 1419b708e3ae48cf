/**
 * The last 50 playbacks and the last 50 completed ones, in one list, ascending by (start, playback hash, video id). So the last
 * 50 entries are the playbacks whatever came of them, and all before those are completed: however much a viewer skips, what it
 * watched stays.
 *
 * A playback may be reported in parts and the parts may come in any order: its start is the earliest time reported,
 * its watch time the largest position. So any order of the parts gives the same entry, as long as it is kept.
 *
 * Which are kept is the same in any order of playbacks whose start and completion are told by their first part. A later part that
 * completes a playback which has dropped out, uncompletes one that is kept (by a longer duration), or tells of an earlier start comes
 * too late for those that were dropped meanwhile: they are not brought back, and the list is shorter.
 *
 * A playback that is not in the list is new. One that has dropped out, is reported once more and has room counts again: the
 * state is bounded, and knows no better.
 */
import type { WatchEntry } from '@watchnext/contract';
import { isCompleted } from './completion';
import { LIMITS } from './limits';

/** `foldPlayback`'s answer for a playback that was not known. */
export const NEW_PLAYBACK = -1;
/** The same of one that is older than what is kept. */
const NEW_BUT_OLDER = -2;

/**
 * Folds what one event, or one entry of a merged history, tells of a playback into the list; counters are the caller's business.
 * Without objects for the report and the answer: this is done for every watch there is.
 *
 * @returns the watch seconds known before, at least 0, or one of the above
 */
export function foldPlayback(
  watches: WatchEntry[],
  videoId: string,
  startedAtMs: number,
  watchSeconds: number,
  durationSeconds: number,
  playbackHash: number,
): number {
  const index = findPlayback(watches, playbackHash, videoId);
  if (index < 0) {
    // + 0 turns −0, which the wire does not keep, into 0.
    const [seconds, duration] = [watchSeconds + 0, durationSeconds + 0];
    const entry = { videoId, startedAtMs, watchSeconds: seconds, durationSeconds: duration, playbackHash };
    return insertPlayback(watches, entry) ? NEW_PLAYBACK : NEW_BUT_OLDER;
  }
  const entry = watches[index];
  const previousSeconds = entry.watchSeconds;
  const wasCompleted = isCompleted(entry);
  if (watchSeconds > previousSeconds) entry.watchSeconds = watchSeconds;
  if (durationSeconds > entry.durationSeconds) entry.durationSeconds = durationSeconds;
  const isEarlier = startedAtMs < entry.startedAtMs;
  if (isEarlier) {
    entry.startedAtMs = startedAtMs;
    moveTowardsFront(watches, index);
  }
  // A longer duration may leave one uncompleted that was completed.
  if (isEarlier || isCompleted(entry) !== wasCompleted) trim(watches);
  return previousSeconds;
}

/** Index of the playback, or −1. The newest are looked at first: parts follow each other closely. */
export function findPlayback(watches: readonly WatchEntry[], playbackHash: number, videoId: string): number {
  for (let i = watches.length - 1; i >= 0; i--) {
    const entry = watches[i];
    // Also by video: a client that keeps one playback id for a whole session reports several playbacks.
    if (entry.playbackHash === playbackHash && entry.videoId === videoId) return i;
  }
  return -1;
}

/** Index of the first of the newest playbacks; before them are completed ones alone. */
export const firstOfNewest = (watches: readonly WatchEntry[]): number =>
  Math.max(0, watches.length - LIMITS.newestPlaybacks);

/** @returns whether there was room for it */
function insertPlayback(watches: WatchEntry[], entry: WatchEntry): boolean {
  let index = watches.length;
  while (index > 0 && compareWatches(watches[index - 1], entry) > 0) index--;
  if (index === watches.length) watches.push(entry);
  else watches.splice(index, 0, entry);
  const isAmongNewest = index >= firstOfNewest(watches);
  trim(watches);
  return isAmongNewest || watches.includes(entry);
}

/** Drops what is neither among the newest playbacks nor among the newest completed ones. */
function trim(watches: WatchEntry[]): void {
  const first = firstOfNewest(watches);
  if (first === 0) return;
  let completedCount = 0;
  for (let i = first; i < watches.length; i++) if (isCompleted(watches[i])) completedCount++;
  let kept = first;
  for (let i = first - 1; i >= 0; i--) {
    if (completedCount === LIMITS.newestCompleted || !isCompleted(watches[i])) continue;
    completedCount++;
    watches[--kept] = watches[i];
  }
  // One mostly.
  for (; kept > 0; kept--) watches.shift();
}

function moveTowardsFront(watches: WatchEntry[], from: number): void {
  const entry = watches[from];
  let index = from;
  while (index > 0 && compareWatches(watches[index - 1], entry) > 0) {
    watches[index] = watches[index - 1];
    index--;
  }
  watches[index] = entry;
}

function compareWatches(left: Readonly<WatchEntry>, right: Readonly<WatchEntry>): number {
  if (left.startedAtMs !== right.startedAtMs) return left.startedAtMs - right.startedAtMs;
  if (left.playbackHash !== right.playbackHash) return left.playbackHash - right.playbackHash;
  return left.videoId < right.videoId ? -1 : left.videoId > right.videoId ? 1 : 0;
}
