import fc from 'fast-check';
import { packStatistics } from './packed-statistics';
import { NO_STATISTICS } from './statistics';
import { packStatisticsText, statisticsText } from './statistics-text';

const count = fc.oneof(fc.nat(), fc.double({ min: 0, max: 1e12, noNaN: true }).map(Math.abs));
const counts = fc.record({ impressionCount: count, clickCount: count, clickWatchSeconds: count, watchCount: count });
const id = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.constantFrom('__proto__', '}', '{', 'a\nb', '"', ','),
);
/** Made from entries: as keys of an object literal "__proto__" would be no entry. */
const records = <Value>(value: fc.Arbitrary<Value>) =>
  fc
    .uniqueArray(fc.tuple(id, value), { selector: ([name]) => name, maxLength: 5 })
    .map((entries) => Object.fromEntries(entries) as Record<string, Value>);
const tables = fc.record({
  videos: records(counts),
  channels: records(counts),
  topics: records(counts),
  surfaces: records(records(counts)),
  countries: records(records(counts)),
  wholeCountries: records(counts),
});

const textOf = (given: Parameters<typeof statisticsText>[0]) => [...statisticsText(given)].join('');
const one = { impressionCount: 3, clickCount: 1, clickWatchSeconds: 42.5, watchCount: 2 };
const TEXT = textOf({ ...NO_STATISTICS, videos: { v: one, w: one }, surfaces: { home: { v: one } } });

/** The last entry of the surface, once more. */
const twiceOn = (surface: string, text: string) =>
  text.replace(
    new RegExp(`("${surface}":\\{\n)(.*)\n`),
    (_all, open: string, entry: string) => `${open}${entry},\n${entry}\n`,
  );

describe('statistics as text', () => {
  it('are JSON of the same, and come back as packed as from tables, wherever the text is cut', async () => {
    await fc.assert(
      fc.asyncProperty(tables, fc.integer({ min: 1, max: 40 }), async (given, size) => {
        const text = textOf(given);
        expect(JSON.parse(text)).toEqual(given);
        const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
          text.slice(i * size, (i + 1) * size),
        );
        expect(await packStatisticsText(chunks)).toEqual(packStatistics(given));
      }),
      { seed: 11, numRuns: 60 },
    );
  });

  it('are read from JSON of another layout, too', async () => {
    const given = { ...NO_STATISTICS, videos: { v: one } };
    for (const text of [JSON.stringify(given), JSON.stringify(given, undefined, 2)]) {
      expect(await packStatisticsText([text.slice(0, 1), text.slice(1)])).toEqual(packStatistics(given));
    }
  });

  it('may have sections of which this program knows nothing', async () => {
    const text = TEXT.replace('"channels":{', '"devices":{\n"tv":{\n"v":{"x":1}\n}\n},\n"channels":{');
    expect(await packStatisticsText([text])).toEqual(await packStatisticsText([TEXT]));
  });

  it('come in pieces, however many they are', () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`video-${i}`, one]));
    const pieces = [...statisticsText({ ...NO_STATISTICS, videos: many })];
    expect(pieces.length).toBeGreaterThan(3);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(70_000);
  });

  it.each<[string, string, string]>([
    ['nothing', '', 'JSON'],
    ['a text that was cut short', TEXT.slice(0, -3), 'ends too early'],
    ['a line that was cut', TEXT.replace('"clickCount":1,"clickWatchSeconds"', '"clickCount":1,"'), 'line 3 is none'],
    ['two entries in a line', TEXT.replace('},\n"w"', '},"w"'), 'line 3 is none'],
    ['more after the end', `${TEXT}x`, 'is none of such a text'],
    ['a count that is none', TEXT.replace('"watchCount":2', '"watchCount":-2'), 'videos.v.watchCount is -2'],
    ['a section that is missing', TEXT.replace('"topics"', '"topic"'), 'topics is missing'],
    ['an id that is there twice', TEXT.replace('"w"', '"v"'), '"v" is there twice'],
    ['one that is on a surface twice', twiceOn('home', TEXT), '"v" is there twice'],
    ['surfaces before the videos', TEXT.replace('"videos"', '"later"'), 'surfaces stand before videos'],
  ])('are refused: %s', async (_what, text, message) => {
    await expect(packStatisticsText([text])).rejects.toThrow(message);
  });
});
