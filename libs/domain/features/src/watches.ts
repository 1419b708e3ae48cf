/**
 * The last 50 playbacks, ascending by (start, playback hash, video id).
 *
 * A playback may be reported in parts and the parts may come in any order: its start is the earliest time reported,
 * its watch time the largest position. So any order of the parts gives the same entry.
 *
 * A playback that is not in the list is new. One that has dropped out and is reported once more counts again: the
 * state is bounded, and knows no better.
 */
import type { WatchEntry } from '@watchnext/contract';
import { LIMITS } from './limits';

/** A playback as one event, or one entry of a merged history, tells of it. */
export type PlaybackReport = Readonly<WatchEntry>;

export interface PlaybackChange {
  readonly isNew: boolean;
  /** Watch seconds known before this report; 0 for a new playback. */
  readonly previousSeconds: number;
  /** False for a new playback that is older than all 50. */
  readonly kept: boolean;
}

/** Folds one report into the list; counters are the caller's business. */
export function foldPlayback(watches: WatchEntry[], report: PlaybackReport): PlaybackChange {
  const index = findPlayback(watches, report.playbackHash, report.videoId);
  if (index < 0) {
    const kept = insertPlayback(watches, report);
    return { isNew: true, previousSeconds: 0, kept };
  }
  const entry = watches[index];
  const previousSeconds = entry.watchSeconds;
  if (report.watchSeconds > previousSeconds) entry.watchSeconds = report.watchSeconds;
  if (report.durationSeconds > entry.durationSeconds) entry.durationSeconds = report.durationSeconds;
  if (report.startedAtMs < entry.startedAtMs) {
    entry.startedAtMs = report.startedAtMs;
    moveTowardsFront(watches, index);
  }
  return { isNew: false, previousSeconds, kept: true };
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

function insertPlayback(watches: WatchEntry[], report: PlaybackReport): boolean {
  let index = watches.length;
  while (index > 0 && compareWatches(watches[index - 1], report) > 0) index--;
  const full = watches.length >= LIMITS.watches;
  if (full && index === 0) return false;
  const { videoId, startedAtMs, playbackHash } = report;
  // + 0 turns −0, which the wire does not keep, into 0.
  const watchSeconds = report.watchSeconds + 0;
  const durationSeconds = report.durationSeconds + 0;
  const entry: WatchEntry = { videoId, startedAtMs, watchSeconds, durationSeconds, playbackHash };
  if (index === watches.length) watches.push(entry);
  else watches.splice(index, 0, entry);
  if (full) watches.shift();
  return true;
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
