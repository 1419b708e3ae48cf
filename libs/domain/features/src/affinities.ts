/**
 * Watches and showings per channel and per topic: at most 100 of each, ascending by key. Those that were shown but never
 * watched go first, then the least recently watched.
 *
 * Sums of seconds must not depend on the order in which parts came, or two stores with the same events would differ
 * in their last bits. So every position is first rounded to 1/1024 s: sums of those are exact in a double up to 2^43
 * seconds, and exact sums commute.
 */
import type { Affinity, ImpressionItem } from '@watchnext/contract';
import { findKey, insertAt, type KeyedEntries, trimToBound } from './keyed-lists';
import { LIMITS } from './limits';

const STEPS_PER_SECOND = 1024;

const CHANNELS: KeyedEntries<Affinity> = {
  bound: LIMITS.channels,
  keyOf: (entry) => entry.key,
  // Below 0 for what was never watched.
  timeOf: ({ watchCount, lastWatchedAtMs, lastShownAtMs }) =>
    watchCount > 0 ? lastWatchedAtMs : lastShownAtMs - LIMITS.timeMs - 1,
};
const TOPICS: KeyedEntries<Affinity> = { ...CHANNELS, bound: LIMITS.topics };

/** What one report of a playback adds to the channel and the topics of its video. */
export interface WatchGain {
  readonly atMs: number;
  /** True if the playback was not known before. */
  readonly isNew: boolean;
  readonly previousSeconds: number;
  /** Largest position so far, at least `previousSeconds`. */
  readonly watchSeconds: number;
}

export function foldChannel(channels: Affinity[], channelId: string, gain: WatchGain): void {
  if (channelId === '') return;
  foldGain(channels, channelId, gain, CHANNELS);
  trimToBound(channels, CHANNELS);
}

/** Topics named twice count once. */
export function foldTopics(topics: Affinity[], keys: readonly string[], gain: WatchGain): void {
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    if (key !== '' && keys.indexOf(key) === i) foldGain(topics, key, gain, TOPICS);
  }
  trimToBound(topics, TOPICS);
}

function foldGain(entries: Affinity[], key: string, gain: WatchGain, kind: KeyedEntries<Affinity>): void {
  const index = findKey(entries, key, kind);
  if (index < 0) {
    // Nothing of this playback is remembered here (new, or dropped since its first part): it counts as a whole.
    const watchSeconds = exactSeconds(gain.watchSeconds);
    const { atMs } = gain;
    insertAt(entries, -1 - index, {
      key,
      watchCount: 1,
      watchSeconds,
      lastWatchedAtMs: atMs,
      impressionCount: 0,
      lastShownAtMs: 0,
    });
    return;
  }
  const entry = entries[index];
  if (entry.watchCount === 0) {
    // The same, of a channel or topic that has been shown since.
    entry.watchCount = 1;
    entry.watchSeconds = exactSeconds(gain.watchSeconds);
    entry.lastWatchedAtMs = gain.atMs;
    return;
  }
  if (gain.isNew && entry.watchCount < LIMITS.count) entry.watchCount++;
  entry.watchSeconds += exactSeconds(gain.watchSeconds) - exactSeconds(gain.previousSeconds);
  if (gain.atMs > entry.lastWatchedAtMs) entry.lastWatchedAtMs = gain.atMs;
}

/** Counts every item of a served list for its channel and its topics; an item without facts counts for none. */
export function foldShown(
  channels: Affinity[],
  topics: Affinity[],
  items: readonly ImpressionItem[],
  atMs: number,
): void {
  for (const { video } of items) {
    if (video === undefined) continue;
    if (video.channelId !== '') foldShowing(channels, video.channelId, atMs, CHANNELS);
    const keys = video.topics;
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] !== '' && keys.indexOf(keys[i]) === i) foldShowing(topics, keys[i], atMs, TOPICS);
    }
  }
  // After all are in, so that the order of items is nothing.
  trimToBound(channels, CHANNELS);
  trimToBound(topics, TOPICS);
}

function foldShowing(entries: Affinity[], key: string, atMs: number, kind: KeyedEntries<Affinity>): void {
  const index = findKey(entries, key, kind);
  if (index < 0) {
    insertAt(entries, -1 - index, {
      key,
      watchCount: 0,
      watchSeconds: 0,
      lastWatchedAtMs: 0,
      impressionCount: 1,
      lastShownAtMs: atMs,
    });
    return;
  }
  const entry = entries[index];
  if (entry.impressionCount < LIMITS.count) entry.impressionCount++;
  if (atMs > entry.lastShownAtMs) entry.lastShownAtMs = atMs;
}

/**
 * Joins the affinities of an anonymous history: the larger of each number. Adding would be right once and wrong
 * ever after: the same history may be merged again, grown a little, at each login.
 */
export function mergeChannels(channels: Affinity[], from: readonly Affinity[]): void {
  mergeAffinities(channels, from, CHANNELS);
}

export function mergeTopics(topics: Affinity[], from: readonly Affinity[]): void {
  mergeAffinities(topics, from, TOPICS);
}

function mergeAffinities(entries: Affinity[], from: readonly Affinity[], kind: KeyedEntries<Affinity>): void {
  for (const other of from) {
    const watchSeconds = exactSeconds(other.watchSeconds);
    const index = findKey(entries, other.key, kind);
    if (index < 0) {
      insertAt(entries, -1 - index, { ...other, watchSeconds });
      continue;
    }
    const entry = entries[index];
    entry.watchCount = Math.max(entry.watchCount, other.watchCount);
    entry.watchSeconds = Math.max(entry.watchSeconds, watchSeconds);
    entry.lastWatchedAtMs = Math.max(entry.lastWatchedAtMs, other.lastWatchedAtMs);
    entry.impressionCount = Math.max(entry.impressionCount, other.impressionCount);
    entry.lastShownAtMs = Math.max(entry.lastShownAtMs, other.lastShownAtMs);
  }
  trimToBound(entries, kind);
}

/** The entry of `key`, or undefined. */
export function affinityOf(entries: readonly Affinity[], key: string): Affinity | undefined {
  return entries[findKey(entries, key, CHANNELS)];
}

function exactSeconds(seconds: number): number {
  // + 0 turns −0, which the wire does not keep, into 0.
  return Math.round(seconds * STEPS_PER_SECOND) / STEPS_PER_SECOND + 0;
}
