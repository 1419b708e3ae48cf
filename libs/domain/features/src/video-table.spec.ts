import fc from 'fast-check';
import { type CatalogueVideo, VideoTable, type VideoTexts } from './video-table';

const video: fc.Arbitrary<CatalogueVideo> = fc.record({
  videoId: fc.oneof(fc.constantFrom('a', 'b', 'c', '__proto__'), fc.string()),
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
const texts: fc.Arbitrary<VideoTexts> = fc.record({ title: fc.string(), thumbnailUrl: fc.string() });
const NO_TEXTS: VideoTexts = { title: '', thumbnailUrl: '' };

describe('VideoTable', () => {
  it('is a map that gives back what was put in last', () => {
    const told = fc.tuple(video, fc.option(texts, { nil: undefined }));
    fc.assert(
      fc.property(fc.array(told, { maxLength: 40 }), (all) => {
        const table = new VideoTable();
        const expected = new Map<string, CatalogueVideo>();
        const expectedTexts = new Map<string, VideoTexts>();
        for (const [one, itsTexts] of all) {
          table.set(one, itsTexts);
          expected.set(one.videoId, one);
          if (itsTexts) expectedTexts.set(one.videoId, itsTexts);
        }
        expect(table.size).toBe(expected.size);
        expect([...table]).toEqual([...expected.values()]);
        for (const [videoId, one] of expected) {
          expect(table.get(videoId)).toEqual(one);
          expect(table.textsOf(videoId)).toEqual(expectedTexts.get(videoId) ?? NO_TEXTS);
        }
        expect(table.get('not there')).toBeUndefined();
        expect(table.textsOf('not there')).toEqual(NO_TEXTS);
      }),
      { seed: 11 },
    );
  });

  it('keeps what videos share as long as one of them has it', () => {
    const table = new VideoTable();
    const tell = (videoId: string, n: number) =>
      table.set({
        videoId,
        facts: { channelId: `c${n}`, topics: [`t${n}`], durationSeconds: 1, uploadedAtMs: 1 },
        availability: { countries: [`${n}`], excludedCountries: [], minimumAgeYears: 0 },
        withdrawn: false,
      });
    tell('stays', 0);
    for (let n = 0; n < 1_000; n++) tell('changes', n);
    expect(table.sharedCount).toBe(6);
    tell('changes', 0);
    expect(table.sharedCount).toBe(3);
    expect(table.get('changes')).toEqual({ ...table.get('stays'), videoId: 'changes' });
  });

  it('grows with its videos', () => {
    const table = new VideoTable();
    const facts = (n: number) => ({
      channelId: `c${n % 7}`,
      topics: [`t${n % 5}`],
      durationSeconds: n,
      uploadedAtMs: n,
    });
    const made = Array.from({ length: 40_000 }, (_, n) => ({
      ...{ videoId: `v${n}`, facts: facts(n), availability: undefined, withdrawn: n % 2 === 0 },
    }));
    for (const one of made) table.set(one, { title: `title of ${one.videoId}`, thumbnailUrl: '' });
    expect([...table]).toEqual(made);
    expect(made.filter(({ videoId }) => table.textsOf(videoId).title !== `title of ${videoId}`)).toEqual([]);
  });
});
