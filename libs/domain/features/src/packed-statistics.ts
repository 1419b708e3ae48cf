/** Statistics in flat arrays on shared memory: of a million videos, as JSON they are a million objects and more. */
import { type PackedIds, packIds, placeOf } from '@watchnext/learning';
import type { StatisticsTables } from './statistics';
import type { ImpressionCounts, Statistics } from './types';

export interface PackedCounts {
  readonly ids: PackedIds;
  /** [ids, 4]: as `COUNT_NAMES`. */
  readonly counts: Float64Array;
}

/** `StatisticsTables`, packed by any thread. */
export interface PackedStatistics {
  readonly videos: PackedCounts;
  readonly channels: PackedCounts;
  readonly topics: PackedCounts;
  readonly surfaces: ReadonlyMap<string, PackedCounts>;
  readonly countries: ReadonlyMap<string, PackedCounts>;
  readonly wholeCountries: PackedCounts;
}

export const COUNT_NAMES = ['impressionCount', 'clickCount', 'clickWatchSeconds', 'watchCount'] as const;
const WIDTH = COUNT_NAMES.length;
const SMALLEST_CAPACITY = 256;

/**
 * @param tables as they are in a snapshot
 * @throws Error naming the first entry that is not four counts
 */
export function packStatistics(tables: StatisticsTables): PackedStatistics {
  const packed = (name: keyof StatisticsTables) => packCounts(name, tables[name]);
  const nested = (name: 'surfaces' | 'countries') =>
    new Map(
      Object.entries(requireObject(name, tables[name])).map(([inner, records]) => [
        inner,
        packCounts(`${name}.${inner}`, records),
      ]),
    );
  return {
    videos: packed('videos'),
    channels: packed('channels'),
    topics: packed('topics'),
    surfaces: nested('surfaces'),
    countries: nested('countries'),
    wholeCountries: packed('wholeCountries'),
  };
}

/** Looks up what is packed. Of topics and whole countries, which are few and asked for again and again, it keeps what it found. */
export function statisticsFromPacked(packed: PackedStatistics): Statistics {
  const { videos, channels, surfaces, countries } = packed;
  const topics = remembering(packed.topics);
  const wholeCountries = remembering(packed.wholeCountries);
  return {
    ofVideo: (videoId) => countsOf(videos, videoId),
    ofVideoOn: (surface, videoId) => countsOf(surfaces.get(surface), videoId),
    ofChannel: (channelId) => countsOf(channels, channelId),
    ofTopic: topics,
    ofChannelIn: (country, channelId) => countsOf(countries.get(country), channelId),
    impressionCountIn: (country) => wholeCountries(country)?.impressionCount ?? 0,
  };
}

/** Counts that are made into an object once. */
function remembering(packed: PackedCounts): (id: string) => ImpressionCounts | undefined {
  const found = new Map<string, ImpressionCounts>();
  return (id) => {
    const known = found.get(id);
    if (known !== undefined) return known;
    const counts = countsOf(packed, id);
    // No more than the table has: what is not in it is not kept.
    if (counts !== undefined) found.set(id, counts);
    return counts;
  };
}

function packCounts(name: string, records: unknown): PackedCounts {
  const table = new CountsTable(name);
  for (const [id, entry] of Object.entries(requireObject(name, records))) table.add(id, entry);
  return table.pack();
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
    const counts = new Float64Array(new SharedArrayBuffer(8 * WIDTH * this.ids.length));
    counts.set(this.values.subarray(0, counts.length));
    return { ids: packIds(this.ids), counts };
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

function countsOf(packed: PackedCounts | undefined, id: string): ImpressionCounts | undefined {
  const row = packed === undefined ? -1 : placeOf(packed.ids, id);
  if (packed === undefined || row < 0) return undefined;
  return new CountsRow(packed.counts, row * WIDTH);
}

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
