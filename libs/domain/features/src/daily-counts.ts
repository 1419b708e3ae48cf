/**
 * Counts by key and day. As of a moment they hold whole UTC days only, those before the moment's own: the same grain at
 * which a nightly snapshot carries them, so training sees them as old as serving does.
 */
import { DAY_IN_MS } from './limits';
import type { ImpressionCounts } from './types';

type Counts = { -readonly [Name in keyof ImpressionCounts]: ImpressionCounts[Name] };

interface Days {
  readonly byDay: Map<number, Counts>;
  /** The day that was last added to: additions come user by user, and a user's are close together. */
  lastDay: number;
  last: Counts;
  /** Days ascending, with the counts of each day and all before it; undefined while `byDay` is ahead of it. */
  sums: { readonly days: readonly number[]; readonly upTo: readonly ImpressionCounts[] } | undefined;
}

/**
 * Collects in any order, then answers for any moment in O(log days). Additions after a question are fine; the key's sums
 * are then made anew.
 */
export class DailyCounts {
  private readonly keys = new Map<string, Days>();

  /** The counts of the day, to be added to. */
  of(key: string, atMs: number): Counts {
    const day = dayOf(atMs);
    const ofKey = this.keys.get(key);
    if (ofKey === undefined) {
      const last = noCounts();
      this.keys.set(key, { byDay: new Map([[day, last]]), lastDay: day, last, sums: undefined });
      return last;
    }
    ofKey.sums = undefined;
    if (ofKey.lastDay === day) return ofKey.last;
    let counts = ofKey.byDay.get(day);
    if (counts === undefined) ofKey.byDay.set(day, (counts = noCounts()));
    ofKey.lastDay = day;
    return (ofKey.last = counts);
  }

  /** All whole days before the day of `atMs`; undefined where the key has none. */
  asOf(key: string, atMs: number): ImpressionCounts | undefined {
    const ofKey = this.keys.get(key);
    if (ofKey === undefined) return undefined;
    const { days, upTo } = sumsOf(ofKey);
    const today = dayOf(atMs);
    let low = 0;
    let high = days.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (days[middle] < today) low = middle + 1;
      else high = middle;
    }
    return upTo[low - 1];
  }

  /** Of every key that has any: as `asOf`; Infinity for everything, the last day too. */
  allAsOf(atMs: number): Map<string, ImpressionCounts> {
    const all = new Map<string, ImpressionCounts>();
    for (const key of this.keys.keys()) {
      const counts = this.asOf(key, atMs);
      if (counts) all.set(key, counts);
    }
    return all;
  }
}

function sumsOf(ofKey: Days) {
  if (ofKey.sums !== undefined) return ofKey.sums;
  const days = [...ofKey.byDay.keys()].sort((left, right) => left - right);
  const upTo: ImpressionCounts[] = [];
  let total: ImpressionCounts = noCounts();
  for (const day of days) {
    const counts = ofKey.byDay.get(day) ?? noCounts();
    total = {
      impressionCount: total.impressionCount + counts.impressionCount,
      clickCount: total.clickCount + counts.clickCount,
      clickWatchSeconds: total.clickWatchSeconds + counts.clickWatchSeconds,
      watchCount: total.watchCount + counts.watchCount,
    };
    upTo.push(total);
  }
  return (ofKey.sums = { days, upTo });
}

function noCounts(): Counts {
  return { impressionCount: 0, clickCount: 0, clickWatchSeconds: 0, watchCount: 0 };
}

function dayOf(atMs: number): number {
  return Math.floor(atMs / DAY_IN_MS);
}
