/** The statistics of a snapshot, read and checked in turns with the requests that are served meanwhile. */
import { type ImpressionCounts, type Statistics, statisticsFromMaps } from '@watchnext/features';
import { Turns } from '@watchnext/learning';
import { readJsonFile } from '@watchnext/snapshot-store';

const FIELDS = ['impressionCount', 'clickCount', 'clickWatchSeconds', 'watchCount'] as const;
const CHECKED_AT_ONCE = 256;

type Counts = ReadonlyMap<string, ImpressionCounts>;

/** @throws Error naming what is no statistics */
export async function readStatistics(path: string): Promise<Statistics> {
  const tables = membersOf(await readJsonFile(path), 'statistics');
  const turns = new Turns();
  const table = (name: string) => countsOf(tables.get(name), name, turns);
  const nested = async (name: string) => {
    const maps = new Map<string, Counts>();
    for (const [key, value] of membersOf(tables.get(name), name)) {
      maps.set(key, await countsOf(value, `${name}.${key}`, turns));
    }
    return maps;
  };
  return statisticsFromMaps({
    videos: await table('videos'),
    channels: await table('channels'),
    topics: await table('topics'),
    surfaces: await nested('surfaces'),
    countries: await nested('countries'),
    wholeCountries: await table('wholeCountries'),
  });
}

async function countsOf(value: unknown, name: string, turns: Turns): Promise<Counts> {
  const counts = membersOf(value, name);
  let checked = 0;
  for (const [key, one] of counts) {
    for (const field of FIELDS) {
      const number = (one as Partial<ImpressionCounts> | null)?.[field];
      if (!(typeof number === 'number' && number >= 0 && Number.isFinite(number))) {
        throw new Error(`${name}.${key}.${field} is no count: ${JSON.stringify(number)}`);
      }
    }
    if (++checked % CHECKED_AT_ONCE === 0 && turns.isOver) await turns.next();
  }
  return counts as Counts;
}

/** Large objects come as Maps. */
function membersOf(value: unknown, name: string): ReadonlyMap<string, unknown> {
  if (value instanceof Map) return value as ReadonlyMap<string, unknown>;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${name} is no object`);
  return new Map(Object.entries(value));
}
