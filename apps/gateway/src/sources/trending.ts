/**
 * What is being watched now: playbacks per video, each counted once, its weight halved for every day of age. Only the
 * weights' proportions matter, so an imported log of past years has its trends too. Kept in memory, bounded.
 *
 * Forward decay: a playback at time t adds 2^((t − landmark)/halfLife) once, and nothing is touched as time passes;
 * the landmark moves when the weights would grow out of a double's comfortable range.
 */
import { MAX_TIMESTAMP_AHEAD_MS } from '@watchnext/event-log';
import { hash53 } from '@watchnext/features';
import { FirstOf } from './first-of';

const HALF_LIFE_MS = 24 * 60 * 60 * 1000;
/** The landmark moves when weights pass 2^64. */
const MAX_DOUBLINGS = 64;
/** Playbacks remembered, so that a playback reported in parts counts once. */
const REMEMBERED_PLAYBACKS = 100_000;
const MAX_VIDEOS = 20_000;
/** Ordered at least, and as many as were ever asked for. */
const LEAST_ORDERED = 500;
/** The order is computed anew at most this often. */
const ORDER_AGE_MS = 1_000;

export interface ScoredVideo {
  readonly videoId: string;
  readonly score: number;
}

export class TrendingVideos {
  private readonly weights = new Map<string, number>();
  private readonly playbacks = new Set<number>();
  private landmarkMs: number | undefined;
  private order: readonly ScoredVideo[] = [];
  private orderedCount = LEAST_ORDERED;
  private orderedAtMs = -Infinity;
  private changed = false;

  constructor(
    private readonly clock: () => number = Date.now,
    private readonly maxVideos = MAX_VIDEOS,
  ) {}

  /**
   * Counts a playback at its first report. It is told by its viewer and video too, as in states and labels: a client may keep one
   * playback id for a whole session, or count from 1. One from the future is none: beside it all others would weigh nothing, for good.
   */
  add(userId: string, videoId: string, playbackId: string, atMs: number): void {
    if (atMs > this.clock() + MAX_TIMESTAMP_AHEAD_MS) return;
    const playback = hash53(JSON.stringify([userId, videoId, playbackId]));
    // What is still reported on is remembered anew, or a long playback would be forgotten before its end, and count again.
    const isKnown = this.playbacks.delete(playback);
    this.playbacks.add(playback);
    if (isKnown) return;
    if (this.playbacks.size > REMEMBERED_PLAYBACKS) this.playbacks.delete(this.playbacks.values().next().value!);

    this.landmarkMs ??= atMs;
    if ((atMs - this.landmarkMs) / HALF_LIFE_MS > MAX_DOUBLINGS) this.moveLandmark(atMs);
    this.weights.set(videoId, (this.weights.get(videoId) ?? 0) + 2 ** ((atMs - this.landmarkMs) / HALF_LIFE_MS));
    if (this.weights.size > this.maxVideos) this.dropLighterHalf();
    this.changed = true;
  }

  /** Most watched first, scored as a share of the first one's weight: in (0, 1]. Up to a second old. */
  top(limit: number, nowMs: number): readonly ScoredVideo[] {
    // A wall clock that was set back may be behind the last order for hours.
    const isDeeper = limit > this.orderedCount;
    if (isDeeper || (this.changed && Math.abs(nowMs - this.orderedAtMs) >= ORDER_AGE_MS)) {
      if (isDeeper) this.orderedCount = limit;
      const first = new FirstOf<[string, number]>(this.orderedCount, heavierFirst);
      for (const entry of this.weights) first.offer(entry);
      const sorted = first.sorted();
      const most = sorted[0]?.[1] ?? 1;
      this.order = sorted.map(([videoId, weight]) => ({ videoId, score: weight / most }));
      this.orderedAtMs = nowMs;
      this.changed = false;
    }
    return this.order.slice(0, limit);
  }

  private moveLandmark(toMs: number): void {
    const scale = 2 ** ((this.landmarkMs! - toMs) / HALF_LIFE_MS);
    for (const [videoId, weight] of this.weights) this.weights.set(videoId, weight * scale);
    this.landmarkMs = toMs;
  }

  private dropLighterHalf(): void {
    const kept = Math.floor(this.maxVideos / 2);
    // Numbers alone sort in a fraction of the time; only those that weigh as much as the last one kept need be ordered by id.
    const lightestFirst = Float64Array.from(this.weights.values()).sort();
    const limit = lightestFirst[lightestFirst.length - kept]!;
    const even: string[] = [];
    for (const [videoId, weight] of this.weights) {
      if (weight < limit) this.weights.delete(videoId);
      else if (weight === limit) even.push(videoId);
    }
    even.sort();
    const tooMany = this.weights.size - kept;
    for (const videoId of even.slice(even.length - tooMany)) this.weights.delete(videoId);
  }
}

function heavierFirst([a, x]: readonly [string, number], [b, y]: readonly [string, number]): number {
  return y - x || (a < b ? -1 : 1);
}
