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
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (kind.keyOf(entries[middle]) < key) low = middle + 1;
    else high = middle;
  }
  return low < entries.length && kind.keyOf(entries[low]) === key ? low : -1 - low;
}

/** Puts `entry` where `findKey` said it belongs. */
export function insertAt<Entry>(entries: Entry[], index: number, entry: Entry): void {
  // Moved one by one: `splice` makes a list of what it takes out, though that is nothing.
  entries.push(entry);
  for (let i = entries.length - 1; i > index; i--) entries[i] = entries[i - 1];
  entries[index] = entry;
}

/**
 * Drops the least recent entries down to the bound; of equally old ones the larger key goes first.
 *
 * One pass collects the places to drop, least recent last to leave; a sort of the whole list for each served page
 * took two thirds of the reducer's time.
 */
export function trimToBound<Entry>(entries: Entry[], kind: KeyedEntries<Entry>): void {
  const excess = entries.length - kind.bound;
  if (excess <= 0) return;
  // Ascending by recency; parallel arrays of the places to drop and their times.
  const places: number[] = [];
  const timesMs: number[] = [];
  for (let place = 0; place < entries.length; place++) {
    const timeMs = kind.timeOf(entries[place]);
    const isFull = places.length === excess;
    // Keys ascend with the place, so of equal times the later place is the larger key: it displaces the earlier.
    if (isFull && timeMs > timesMs[excess - 1]) continue;
    let at = isFull ? excess - 1 : places.length;
    while (at > 0 && timesMs[at - 1] >= timeMs) {
      places[at] = places[at - 1];
      timesMs[at] = timesMs[at - 1];
      at--;
    }
    places[at] = place;
    timesMs[at] = timeMs;
  }
  places.sort((left, right) => left - right);
  let kept = places[0];
  for (let place = kept, next = 0; place < entries.length; place++) {
    if (place === places[next]) next++;
    else entries[kept++] = entries[place];
  }
  entries.length = kept;
}
