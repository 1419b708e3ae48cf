import fc from 'fast-check';
import { type CatalogueVideo, VideoTable } from './video-table';

const video: fc.Arbitrary<CatalogueVideo> = fc.record({
  videoId: fc.oneof(fc.constantFrom('a', 'b', 'c', '__proto__'), fc.string()),
  title: fc.string(),
  thumbnailUrl: fc.string(),
  facts: fc.record({
    channelId: fc.constantFrom('', 'channel', '__proto__'),
    topics: fc.array(fc.constantFrom('', 'a', 'b', 'a,b', '"'), { maxLength: 3 }),
    durationSeconds: fc.double(),
    uploadedAtMs: fc.integer(),
  }),
  availability: fc.option(
    fc.record({
      countries: fc.array(fc.constantFrom('US', 'DE'), { maxLength: 2 }),
      excludedCountries: fc.array(fc.constantFrom('US', 'DE'), { maxLength: 2 }),
      minimumAgeYears: fc.constantFrom(0, 18),
    }),
    { nil: undefined },
  ),
  withdrawn: fc.boolean(),
});

describe('VideoTable', () => {
  it('is a map that gives back what was put in last', () => {
    fc.assert(
      fc.property(fc.array(video, { maxLength: 40 }), (videos) => {
        const table = new VideoTable();
        const expected = new Map<string, CatalogueVideo>();
        for (const one of videos) {
          table.set(one);
          expected.set(one.videoId, one);
        }
        expect(table.size).toBe(expected.size);
        expect([...table]).toEqual([...expected.values()]);
        for (const [videoId, one] of expected) expect(table.get(videoId)).toEqual(one);
        expect(table.get('not there')).toBeUndefined();
      }),
      { seed: 11 },
    );
  });

  it('grows with its videos', () => {
    const table = new VideoTable();
    const facts = (n: number) => ({
      channelId: `c${n % 7}`,
      topics: [`t${n % 5}`],
      durationSeconds: n,
      uploadedAtMs: n,
    });
    const made = Array.from({ length: 5_000 }, (_, n) => ({
      ...{ videoId: `v${n}`, title: `title ${n}`, thumbnailUrl: '' },
      ...{ facts: facts(n), availability: undefined, withdrawn: n % 2 === 0 },
    }));
    for (const one of made) table.set(one);
    expect([...table]).toEqual(made);
  });
});
