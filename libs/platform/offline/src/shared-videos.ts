import type { VideoFacts } from '@watchnext/contract';

/** More are made anew each time: 128 MiB at most, and what comes often comes early. */
const LARGEST_SIZE = 1_048_576;
const SMALLEST_SIZE = 4_096;
const FACTOR = 0x9e3779b1;
/** Of an entry: two cache lines, of which a short id and short facts take one. */
const ENTRY_WORDS = 32;
/** Where in an entry the length of the id stands, that of the facts, and from where on the bytes of both. */
const [ID_BYTES, FACTS_BYTES, BYTES] = [0, 1, 2] as const;
/** UUIDs too. */
const LONGEST_ID = 40;
/** In place of a length. */
const NO_FACTS = -1;
const [HASH, ENTRY] = [0, 1] as const;
/** Of a video that is not kept. */
export const NO_ENTRY = -1;

/**
 * The ids of videos and what was said of them last, each made once.
 *
 * An event names a video and its facts right after it, mostly those that the last one named. So the bytes of both lie together: one
 * place in memory to go to, found by hashing the id alone.
 */
export class SharedVideos {
  private size = 0;
  /** By entry. */
  private readonly numbers: number[] = [];
  private readonly factsOf: (VideoFacts | undefined)[] = [];
  private words = new Int32Array(SMALLEST_SIZE * ENTRY_WORDS);
  /** Open addressing, at most half full: a hash and its entry. */
  private table = new Int32Array(2 * 2 * SMALLEST_SIZE).fill(NO_ENTRY);

  /** @param largestSize videos beyond which none is kept any more */
  constructor(private readonly largestSize = LARGEST_SIZE) {}

  /** The entry of the video whose id is the bytes [from, to) of what `view` is of. */
  entryOf(view: DataView, from: number, to: number): number {
    if (to - from > LONGEST_ID || to - from < 4) return NO_ENTRY;
    const hash = hashOf(view, from, to);
    const { table, words } = this;
    for (let at = this.placeOf(hash); ; at = (at + 2) & (table.length - 1)) {
      const entry = table[at + ENTRY];
      if (entry === NO_ENTRY) return NO_ENTRY;
      if (table[at + HASH] !== hash) continue;
      const own = entry * ENTRY_WORDS;
      if (words[own + ID_BYTES] === to - from && this.holds(own + BYTES, view, from, to)) return entry;
    }
  }

  number(entry: number): number {
    return this.numbers[entry];
  }

  /** @returns its entry from now on; none of an id that is too short or too long, nor where there are too many */
  keepId(view: DataView, from: number, to: number, number: number): number {
    if (to - from > LONGEST_ID || to - from < 4 || this.size === this.largestSize) return NO_ENTRY;
    if (this.size * ENTRY_WORDS === this.words.length) this.grow();
    const entry = this.size++;
    const own = entry * ENTRY_WORDS;
    this.words[own + ID_BYTES] = to - from;
    this.words[own + FACTS_BYTES] = NO_FACTS;
    this.keep(own + BYTES, view, from, to);
    this.numbers.push(number);
    this.factsOf.push(undefined);
    this.enter(hashOf(view, from, to), entry);
    return entry;
  }

  /** What was kept of the video, if it was made of the same bytes. */
  facts(entry: number, view: DataView, from: number, to: number): VideoFacts | undefined {
    const own = entry * ENTRY_WORDS;
    const isSame = this.words[own + FACTS_BYTES] === to - from && this.holds(this.factsAt(own), view, from, to);
    return isSame ? this.factsOf[entry] : undefined;
  }

  /** If they fit. */
  keepFacts(entry: number, view: DataView, from: number, to: number, facts: VideoFacts): void {
    const own = entry * ENTRY_WORDS;
    const factsAt = this.factsAt(own);
    if (to - from < 4 || factsAt + wordsOf(to - from) > own + ENTRY_WORDS) return;
    this.words[own + FACTS_BYTES] = to - from;
    this.keep(factsAt, view, from, to);
    this.factsOf[entry] = facts;
  }

  private factsAt(own: number): number {
    return own + BYTES + wordsOf(this.words[own + ID_BYTES]);
  }

  /** Bytes are compared four at a time, the last four of them once more. */
  private holds(own: number, view: DataView, from: number, to: number): boolean {
    const { words } = this;
    for (let at = from; at < to - 4; at += 4) if (words[own++] !== view.getInt32(at, true)) return false;
    return words[own] === view.getInt32(to - 4, true);
  }

  private keep(own: number, view: DataView, from: number, to: number): void {
    const { words } = this;
    for (let at = from; at < to - 4; at += 4) words[own++] = view.getInt32(at, true);
    words[own] = view.getInt32(to - 4, true);
  }

  private placeOf(hash: number): number {
    return (2 * (hash ^ (hash >>> 15))) & (this.table.length - 1);
  }

  private enter(hash: number, entry: number): void {
    const { table } = this;
    let at = this.placeOf(hash);
    while (table[at + ENTRY] !== NO_ENTRY) at = (at + 2) & (table.length - 1);
    table[at + HASH] = hash;
    table[at + ENTRY] = entry;
  }

  private grow(): void {
    const words = new Int32Array(2 * this.words.length);
    words.set(this.words);
    this.words = words;
    const old = this.table;
    this.table = new Int32Array(2 * old.length).fill(NO_ENTRY);
    for (let at = 0; at < old.length; at += 2)
      if (old[at + ENTRY] !== NO_ENTRY) this.enter(old[at + HASH], old[at + ENTRY]);
  }
}

const wordsOf = (byteCount: number) => (byteCount + 3) >> 2;

function hashOf(view: DataView, from: number, to: number): number {
  let hash = to - from;
  for (let at = from; at < to - 4; at += 4) hash = Math.imul(hash ^ view.getInt32(at, true), FACTOR);
  return Math.imul(hash ^ view.getInt32(to - 4, true), FACTOR);
}
