import type { WatchEntry } from '@watchnext/contract';
import * as fc from 'fast-check';
import { isCompleted } from './completion';
import { firstOfNewest, foldPlayback, NEW_PLAYBACK } from './watches';

fc.configureGlobal({ seed: 20261127 });

const SKIPPED_SECONDS = 2;
const watchOf = (playback: number, startedAtMs: number, watchSeconds: number): WatchEntry => ({
  videoId: `video-${playback % 5}`,
  startedAtMs,
  watchSeconds,
  durationSeconds: 100,
  playbackHash: playback,
});
const fold = (watches: WatchEntry[], entry: WatchEntry) =>
  foldPlayback(
    watches,
    entry.videoId,
    entry.startedAtMs,
    entry.watchSeconds,
    entry.durationSeconds,
    entry.playbackHash,
  );

/** Playbacks in the order they are told of, a third to nine tenths of them skipped, many at equal times. */
const playbacks = fc
  .record({
    startedAtMs: fc.array(fc.nat(150), { maxLength: 250, size: 'max' }),
    skippedTenths: fc.integer({ min: 3, max: 9 }),
    tenths: fc.infiniteStream(fc.nat(9)),
  })
  .map(({ startedAtMs, skippedTenths, tenths }) =>
    startedAtMs.map((atMs, i) => watchOf(i, atMs, tenths.next().value < skippedTenths ? SKIPPED_SECONDS : 60)),
  );

const inOrder = (watches: readonly WatchEntry[]) =>
  [...watches].sort((a, b) => a.startedAtMs - b.startedAtMs || a.playbackHash - b.playbackHash);

describe('the watches of a state', () => {
  it('are the newest 50 playbacks and the newest 50 completed ones of all, told of in any order', () => {
    let longest = 0;
    fc.assert(
      fc.property(playbacks, (told) => {
        const watches: WatchEntry[] = [];
        for (const entry of told) fold(watches, entry);
        const all = inOrder(told);
        const kept = new Set([...all.slice(-50), ...all.filter(isCompleted).slice(-50)]);
        expect(watches).toEqual(all.filter((entry) => kept.has(entry)));
        longest = Math.max(longest, watches.length);
      }),
      { numRuns: 60 },
    );
    expect(longest).toBeGreaterThan(80);
  });

  it('say of each whether there was room for it', () => {
    fc.assert(
      fc.property(playbacks, (told) => {
        const watches: WatchEntry[] = [];
        for (const entry of told) {
          const isKept = fold(watches, entry) === NEW_PLAYBACK;
          expect(isKept).toBe(watches.some(({ playbackHash }) => playbackHash === entry.playbackHash));
        }
      }),
      { numRuns: 20 },
    );
  });

  const merge = (watches: WatchEntry[], history: readonly WatchEntry[]) =>
    history.filter((entry) => fold(watches, entry) === NEW_PLAYBACK).length;

  it('have no room for what was merged before, whatever is watched between, and however far', () => {
    let dropped = 0;
    fc.assert(
      fc.property(playbacks, playbacks, fc.array(fc.nat(249), { maxLength: 60 }), (told, later, continued) => {
        const history: WatchEntry[] = [];
        for (const entry of told) fold(history, entry);
        const watches: WatchEntry[] = [];
        merge(watches, history);
        for (const entry of later) fold(watches, { ...entry, playbackHash: entry.playbackHash + 1_000 });
        // Only those that are kept: a part of one that has dropped out is a new playback.
        for (const i of continued) if (i < watches.length) fold(watches, { ...watches[i], watchSeconds: 90 });
        expect(merge(watches, history)).toBe(0);
        dropped += history.filter((entry) => !watches.some((kept) => kept.playbackHash === entry.playbackHash)).length;
      }),
      { numRuns: 60 },
    );
    expect(dropped).toBeGreaterThan(100);
  });

  it('take what was merged before for new once a kept one is uncompleted', () => {
    const history = Array.from({ length: 10 }, (_, i) => watchOf(i, i, 60));
    const watches: WatchEntry[] = [];
    expect(merge(watches, history)).toBe(10);
    for (let i = 10; i < 60; i++) fold(watches, watchOf(i, i, 60));
    for (let i = 150; i < 200; i++) fold(watches, watchOf(i, i, SKIPPED_SECONDS));
    expect(merge(watches, history)).toBe(0);
    fold(watches, { ...watchOf(20, 20, 60), durationSeconds: 1_000 });
    // Oldest first: each finds the one place, which the next takes from it.
    expect(merge(watches, history)).toBe(10);
  });

  it('keep completed ones through any number of skips', () => {
    const watches: WatchEntry[] = [];
    for (let i = 0; i < 60; i++) fold(watches, watchOf(i, i, 60));
    expect(watches).toHaveLength(50);
    for (let i = 60; i < 200; i++) fold(watches, watchOf(i, i, SKIPPED_SECONDS));
    expect(watches.map(({ startedAtMs }) => startedAtMs)).toEqual([
      ...Array.from({ length: 50 }, (_, i) => 10 + i),
      ...Array.from({ length: 50 }, (_, i) => 150 + i),
    ]);
    expect(firstOfNewest(watches)).toBe(50);
  });

  it('drop one that its later parts complete or uncomplete, or that began before, as if they had come first', () => {
    const watches: WatchEntry[] = [];
    for (let i = 0; i < 100; i++) fold(watches, watchOf(i, i, i < 50 ? 60 : SKIPPED_SECONDS));
    const times = () => watches.map(({ startedAtMs }) => startedAtMs);
    // The 51st completed one puts out the oldest.
    fold(watches, watchOf(70, 70, 60));
    expect([times()[0], watches.length]).toEqual([1, 99]);
    // A video that is longer than was said, and its watch, which is among the newest no more, no completed one.
    fold(watches, { ...watchOf(10, 10, 60), durationSeconds: 1000 });
    expect(times()).not.toContain(10);
    // A skip that began long ago is no new one.
    fold(watches, watchOf(80, 20, SKIPPED_SECONDS));
    expect(watches.some(({ playbackHash }) => playbackHash === 80)).toBe(false);
    expect(watches.slice(0, firstOfNewest(watches)).every(isCompleted)).toBe(true);
  });
});
