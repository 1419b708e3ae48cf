/**
 * Lists of the state that are sorted by a text key and bounded by recency: affinities, exposures, dismissals.
 *
 * Text is compared by UTF-16 code units (JavaScript's `<`), the same everywhere, unlike a locale's order.
 */

/** How a list's entries name their key and their time. */
export interface KeyedEntries<Entry> {
  readonly bound: number;
  readonly keyOf: (entry: Entry) => string;
  readonly timeOf: (entry: Entry) => number;
}

/** Index of the entry with `key`, or −1 − (where it would be inserted). */
export function findKey<Entry>(entries: readonly Entry[], key: string, kind: KeyedEntries<Entry>): number {
  let low = 0;
  let high = entries.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = kind.keyOf(entries[middle]);
    if (found === key) return middle;
    if (found < key) low = middle + 1;
    else high = middle - 1;
  }
  return -1 - low;
}

/** Puts `entry` where `findKey` said it belongs. */
export function insertAt<Entry>(entries: Entry[], index: number, entry: Entry): void {
  if (index === entries.length) entries.push(entry);
  else entries.splice(index, 0, entry);
}

/** Drops the least recent entries down to the bound; of equally old ones the larger key goes first. */
export function trimToBound<Entry>(entries: Entry[], kind: KeyedEntries<Entry>): void {
  const excess = entries.length - kind.bound;
  if (excess <= 0) return;
  if (excess === 1) {
    entries.splice(leastRecent(entries, kind), 1);
    return;
  }
  // Several at once (a served list, a merge): one sort, one pass.
  const byAge = entries.map((entry, index) => ({ index, timeMs: kind.timeOf(entry) }));
  byAge.sort((left, right) => left.timeMs - right.timeMs || right.index - left.index);
  const dropped = new Set<number>();
  for (let i = 0; i < excess; i++) dropped.add(byAge[i].index);
  let kept = 0;
  for (let i = 0; i < entries.length; i++) if (!dropped.has(i)) entries[kept++] = entries[i];
  entries.length = kept;
}

function leastRecent<Entry>(entries: readonly Entry[], kind: KeyedEntries<Entry>): number {
  let least = 0;
  let leastMs = kind.timeOf(entries[0]);
  for (let i = 1; i < entries.length; i++) {
    const timeMs = kind.timeOf(entries[i]);
    // `<=` with ascending keys: of equally old entries the last, so the largest key.
    if (timeMs <= leastMs) {
      least = i;
      leastMs = timeMs;
    }
  }
  return least;
}
