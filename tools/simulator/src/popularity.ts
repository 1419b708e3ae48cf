/** How often each video was watched, in all and lately, by everybody and by country: what popularity baselines go by. */
import { DAY_MS } from '@watchnext/features';
import { COUNTRIES } from './topics';
import type { World } from './world';

/** What counts as lately: the last seven days before the end of the history. */
const RECENT_DAYS = 7;

/** As it travels between processes. */
export interface PopularityColumns {
  readonly counts: Uint32Array;
  readonly recent: Uint32Array;
}

export class Popularity {
  private readonly counts: Uint32Array;
  /** [countries × videos] */
  private readonly recent: Uint32Array;
  private readonly recentFromMs: number;
  private readonly videoCount: number;

  constructor(world: World) {
    this.videoCount = world.options.videoCount;
    this.counts = new Uint32Array(this.videoCount);
    this.recent = new Uint32Array(COUNTRIES.length * this.videoCount);
    this.recentFromMs = world.options.endMs - RECENT_DAYS * DAY_MS;
  }

  recordWatch(videoIndex: number, countryIndex: number, atMs: number): void {
    this.counts[videoIndex]++;
    if (atMs >= this.recentFromMs) this.recent[countryIndex * this.videoCount + videoIndex]++;
  }

  /** Watches in the whole history. */
  watchCount(videoIndex: number): number {
    return this.counts[videoIndex] ?? 0;
  }

  /** Watches of the last seven days, in one country or in all. */
  recentWatchCount(videoIndex: number, country?: string): number {
    if (videoIndex >= this.videoCount) return 0;
    if (country !== undefined) return this.recent[COUNTRIES.indexOf(country) * this.videoCount + videoIndex] ?? 0;
    let sum = 0;
    for (let c = 0; c < COUNTRIES.length; c++) sum += this.recent[c * this.videoCount + videoIndex];
    return sum;
  }

  toColumns(): PopularityColumns {
    return { counts: this.counts, recent: this.recent };
  }

  /** Adds what was counted elsewhere, in the same world. */
  add({ counts, recent }: PopularityColumns): void {
    for (let i = 0; i < counts.length; i++) this.counts[i] += counts[i];
    for (let i = 0; i < recent.length; i++) this.recent[i] += recent[i];
  }
}
