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

const COUNT_NAMES = ['impressionCount', 'clickCount', 'clickWatchSeconds', 'watchCount'] as const;
const WIDTH = COUNT_NAMES.length;

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
  const entries = Object.entries(requireObject(name, records));
  const ids = packIds(entries.map(([id]) => id));
  const counts = new Float64Array(new SharedArrayBuffer(8 * WIDTH * entries.length));
  entries.forEach(([id, entry], row) => {
    const values = requireObject(`${name}.${id}`, entry) as Record<string, unknown>;
    COUNT_NAMES.forEach((count, column) => {
      const value = values[count];
      if (typeof value !== 'number' || !(value >= 0 && value < Infinity)) {
        throw new Error(`statistics: ${name}.${id}.${count} is ${String(value)}, not a count`);
      }
      counts[row * WIDTH + column] = value;
    });
  });
  return { ids, counts };
}

function requireObject(name: string, value: unknown): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new Error(`statistics: ${name} is missing, or not an object`);
}

function countsOf(packed: PackedCounts | undefined, id: string): ImpressionCounts | undefined {
  const row = packed === undefined ? -1 : placeOf(packed.ids, id);
  if (packed === undefined || row < 0) return undefined;
  const { counts } = packed;
  const at = row * WIDTH;
  return {
    impressionCount: counts[at],
    clickCount: counts[at + 1],
    clickWatchSeconds: counts[at + 2],
    watchCount: counts[at + 3],
  };
}
