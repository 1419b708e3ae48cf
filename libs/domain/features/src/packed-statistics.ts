/** Statistics in flat arrays on shared memory: of a million videos, as JSON they are a million objects and more. */
import { type PackedIds, packIds, placeOf } from '@watchnext/learning';
import { addRow, emptyRows, type PackedRows, rowOf } from './packed-rows';
import type { StatisticsTables } from './statistics';
import type { ImpressionCounts, Statistics } from './types';

export interface PackedCounts {
  readonly ids: PackedIds;
  /** [ids, 4]: as `COUNT_NAMES`. */
  readonly counts: Float64Array;
}

/** Counts of some of a table's ids, found by the rows that these have there. */
export interface PackedPart {
  readonly rows: PackedRows;
  /** [rows, 4]: as `COUNT_NAMES`. */
  readonly counts: Float64Array;
}

/** `StatisticsTables`, packed by any thread. */
export interface PackedStatistics {
  readonly videos: PackedCounts;
  readonly channels: PackedCounts;
  readonly topics: PackedCounts;
  /** Of `videos`. */
  readonly surfaces: ReadonlyMap<string, PackedPart>;
  /** Of `channels`. */
  readonly countries: ReadonlyMap<string, PackedPart>;
  readonly wholeCountries: PackedCounts;
}

export const COUNT_NAMES = ['impressionCount', 'clickCount', 'clickWatchSeconds', 'watchCount'] as const;
/** Of which table the counts of each surface, and of each country, are parts. */
export const WHOLE_OF = { surfaces: 'videos', countries: 'channels' } as const;
const WIDTH = COUNT_NAMES.length;
const SMALLEST_CAPACITY = 256;

/**
 * @param tables as they are in a snapshot
 * @throws Error naming the first entry that is not four counts
 */
export function packStatistics(tables: StatisticsTables): PackedStatistics {
  const packed = (name: keyof StatisticsTables) => tableOf(name, tables[name]).pack();
  const whole = { videos: packed('videos'), channels: packed('channels') };
  const parts = (name: keyof typeof WHOLE_OF) =>
    new Map(
      Object.entries(requireObject(name, tables[name])).map(([inner, records]) => [
        inner,
        tableOf(`${name}.${inner}`, records).packPart(whole[WHOLE_OF[name]].ids),
      ]),
    );
  return {
    ...whole,
    topics: packed('topics'),
    surfaces: parts('surfaces'),
    countries: parts('countries'),
    wholeCountries: packed('wholeCountries'),
  };
}

/** Looks up what is packed. Of topics and whole countries, which are few and asked for again and again, it keeps what it found. */
export function statisticsFromPacked(packed: PackedStatistics): Statistics {
  const { videos, channels, surfaces, countries } = packed;
  const videoRow = lastRowOf(videos.ids);
  const channelRow = lastRowOf(channels.ids);
  const topics = remembering(packed.topics);
  const wholeCountries = remembering(packed.wholeCountries);
  return {
    ofVideo: (videoId) => countsAt(videos.counts, videoRow(videoId)),
    ofVideoOn: (surface, videoId) => countsOfPart(surfaces.get(surface), videoRow(videoId)),
    ofChannel: (channelId) => countsAt(channels.counts, channelRow(channelId)),
    ofTopic: topics,
    ofChannelIn: (country, channelId) => countsOfPart(countries.get(country), channelRow(channelId)),
    impressionCountIn: (country) => wholeCountries(country)?.impressionCount ?? 0,
  };
}

/** Row of an id, below 0 for none. Of one candidate first all counts are asked for, then those of a part: the id is looked up once. */
function lastRowOf(ids: PackedIds): (id: string) => number {
  let lastId: string | undefined;
  let lastRow = -1;
  return (id) => {
    if (id !== lastId) {
      lastRow = placeOf(ids, id);
      lastId = id;
    }
    return lastRow;
  };
}

/** Counts that are made into an object once. */
function remembering(packed: PackedCounts): (id: string) => ImpressionCounts | undefined {
  const found = new Map<string, ImpressionCounts>();
  return (id) => {
    const known = found.get(id);
    if (known !== undefined) return known;
    const counts = countsAt(packed.counts, placeOf(packed.ids, id));
    // No more than the table has: what is not in it is not kept.
    if (counts !== undefined) found.set(id, counts);
    return counts;
  };
}

function tableOf(name: string, records: unknown): CountsTable {
  const table = new CountsTable(name);
  for (const [id, entry] of Object.entries(requireObject(name, records))) table.add(id, entry);
  return table;
}

/** Counts by id on their way into flat arrays. */
export class CountsTable {
  private readonly ids: string[] = [];
  private values = new Float64Array(WIDTH * SMALLEST_CAPACITY);

  /** @param name where they stand, for errors */
  constructor(private readonly name: string) {}

  /** @throws Error for an entry that is not four counts */
  add(id: string, entry: unknown): void {
    const counts = requireObject(`${this.name}.${id}`, entry) as Record<string, unknown>;
    const at = WIDTH * this.ids.length;
    if (at === this.values.length) this.grow();
    for (let column = 0; column < WIDTH; column++) {
      const count = COUNT_NAMES[column];
      const value = counts[count];
      if (typeof value !== 'number' || !(value >= 0 && value < Infinity)) {
        throw new Error(`statistics: ${this.name}.${id}.${count} is ${String(value)}, not a count`);
      }
      this.values[at + column] = value;
    }
    this.ids.push(id);
  }

  /** @throws Error naming the first id that is there twice */
  pack(): PackedCounts {
    return { ids: packIds(this.ids), counts: this.packedCounts() };
  }

  /**
   * @param whole ids of the table that this one is a part of. What is shown somewhere is shown, so an id that is not there is one that
   *   nobody asks for; it is not found
   * @throws Error naming the first id that is there twice
   */
  packPart(whole: PackedIds): PackedPart {
    const rows = emptyRows(this.ids.length);
    this.ids.forEach((id, row) => {
      const wholeRow = placeOf(whole, id);
      if (wholeRow >= 0 && !addRow(rows, wholeRow, row)) throw new Error(`"${id}" is there twice`);
    });
    return { rows, counts: this.packedCounts() };
  }

  private packedCounts(): Float64Array {
    const counts = new Float64Array(new SharedArrayBuffer(8 * WIDTH * this.ids.length));
    counts.set(this.values.subarray(0, counts.length));
    return counts;
  }

  private grow(): void {
    const grown = new Float64Array(2 * this.values.length);
    grown.set(this.values);
    this.values = grown;
  }
}

function requireObject(name: string, value: unknown): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new Error(`statistics: ${name} is missing, or not an object`);
}

const countsAt = (counts: Float64Array, row: number): ImpressionCounts | undefined =>
  row < 0 ? undefined : new CountsRow(counts, row * WIDTH);

const countsOfPart = (part: PackedPart | undefined, row: number): ImpressionCounts | undefined =>
  part === undefined || row < 0 ? undefined : countsAt(part.counts, rowOf(part.rows, row));

/** Reads the counts where they lie: an object with a copy of them is four times as large, and a request looks up thousands. */
class CountsRow implements ImpressionCounts {
  constructor(
    private readonly counts: Float64Array,
    private readonly at: number,
  ) {}

  get impressionCount(): number {
    return this.counts[this.at];
  }

  get clickCount(): number {
    return this.counts[this.at + 1];
  }

  get clickWatchSeconds(): number {
    return this.counts[this.at + 2];
  }

  get watchCount(): number {
    return this.counts[this.at + 3];
  }
}
