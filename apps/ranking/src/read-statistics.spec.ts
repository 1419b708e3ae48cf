import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@watchnext/testing';
import { readStatistics } from './read-statistics';

const counts = (impressionCount: number) => ({ impressionCount, clickCount: 1, clickWatchSeconds: 2.5, watchCount: 3 });
const TABLES = { videos: {}, channels: {}, topics: {}, surfaces: {}, countries: {}, wholeCountries: {} };

describe('statistics of a snapshot', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeAll(async () => {
    directory = await temporaryDirectory('statistics');
  });
  afterAll(() => directory.remove());
  const read = async (tables: unknown) => {
    const path = join(directory.path, 'statistics.json');
    await writeFile(path, JSON.stringify(tables));
    return readStatistics(path);
  };

  it('are found by name, those of many videos as those of few', async () => {
    const videos = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`v${i}`, counts(i)]));
    const few = { constructor: counts(7) };
    const countries = { DE: { c: counts(9) } };
    const wholeCountries = { DE: counts(11) };
    const statistics = await read({
      ...TABLES,
      videos,
      surfaces: { home: videos, 'up-next': few },
      countries,
      wholeCountries,
    });
    expect(statistics.ofVideo('v4999')).toEqual(counts(4_999));
    expect(statistics.ofVideo('v5000')).toBeUndefined();
    expect(statistics.ofVideoOn('home', 'v1')).toEqual(counts(1));
    expect(statistics.ofVideoOn('up-next', 'constructor')).toEqual(counts(7));
    expect(statistics.ofVideoOn('up-next', 'toString')).toBeUndefined();
    expect(statistics.ofChannelIn('DE', 'c')).toEqual(counts(9));
    expect([statistics.impressionCountIn('DE'), statistics.impressionCountIn('SE')]).toEqual([11, 0]);
  });

  it.each([
    [{ ...TABLES, videos: { v: { ...counts(1), clickCount: -1 } } }, 'videos.v.clickCount is no count: -1'],
    [{ ...TABLES, surfaces: { home: { v: null } } }, 'surfaces.home.v.impressionCount is no count'],
    [{ ...TABLES, topics: [] }, 'topics is no object'],
    [{}, 'videos is no object'],
  ])('are refused where they are none: %#', async (tables, message) => {
    await expect(read(tables)).rejects.toThrow(message);
  });
});
