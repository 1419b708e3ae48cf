import { catalogueVideo } from '@watchnext/features';
import fc from 'fast-check';
import { NOTHING_TO_REMOVE } from '../../test/nothing-to-remove';
import { hashOfShown } from '../cursor';
import type { Offer, Proposal } from '../pipeline/draft';
import { applyFilters, FILTERS } from './filters';

const facts = { channelId: 'c', topics: [], durationSeconds: 60, uploadedAtMs: 1 };
const proposal = (videoId: string, withdrawn = false): Proposal => ({
  videoId,
  source: 'popular',
  score: 1,
  video: { ...catalogueVideo(videoId, facts), withdrawn },
});
const allOf = (proposals: readonly Proposal[]): Offer[] => [{ source: 'popular', wanted: Infinity, proposals }];

describe('the filters', () => {
  it('remove each video for its own reason', () => {
    const proposals = [
      { ...proposal('stranger'), video: undefined },
      proposal('gone', true),
      {
        ...proposal('for Norway'),
        video: {
          ...proposal('').video!,
          availability: { countries: ['NO'], excludedCountries: [], minimumAgeYears: 0 },
        },
      },
      { ...proposal('blocked'), video: { ...proposal('').video!, facts: { ...facts, channelId: 'noisy' } } },
      proposal('playing'),
      proposal('seen'),
      proposal('disliked'),
      proposal('shown twenty times'),
      proposal('on page one'),
      proposal('good'),
    ];
    const { kept, removed } = applyFilters(allOf(proposals), {
      ...NOTHING_TO_REMOVE,
      blockedChannelIds: new Set(['noisy']),
      seedVideoId: 'playing',
      watchedVideoIds: new Set(['seen']),
      dismissedVideoIds: new Set(['disliked']),
      tiredOfVideoIds: new Set(['shown twenty times']),
      shown: new Set([hashOfShown('on page one')]),
    });
    expect(kept.map(({ videoId }) => videoId)).toEqual(['good']);
    expect(removed.map(({ filter }) => filter)).toEqual(FILTERS.map(({ name }) => name));
  });

  it('lose nothing: what came in is kept or removed, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.boolean())), (drawn) => {
        const proposals = drawn.map(([videoId, withdrawn]) => proposal(videoId, withdrawn));
        const { kept, removed } = applyFilters(allOf(proposals), {
          ...NOTHING_TO_REMOVE,
          watchedVideoIds: new Set(['b']),
        });
        const gone = new Set(removed.map((entry) => entry.proposal));
        expect(proposals.filter((entry) => !gone.has(entry))).toEqual(kept);
        expect(kept.length + removed.length).toBe(proposals.length);
        expect(kept.every(({ videoId, video }) => videoId !== 'b' && !video!.withdrawn)).toBe(true);
      }),
      { seed: 4 },
    );
  });

  it('follow an offer until so many were kept as are wanted of it, and look no further', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.boolean(), { maxLength: 12 }), { maxLength: 4 }),
        fc.integer({ min: 0, max: 5 }),
        (drawn, wanted) => {
          let looks = 0;
          const offers = drawn.map((withdrawn, source) => ({
            source: 'popular' as const,
            wanted,
            *proposals() {
              for (const [place, gone] of withdrawn.entries()) {
                looks++;
                yield proposal(`${source}-${place}`, gone);
              }
            },
          }));
          const lazy = offers.map(({ proposals, ...offer }) => ({
            ...offer,
            proposals: { [Symbol.iterator]: proposals },
          }));
          const { kept, removed } = applyFilters(lazy, NOTHING_TO_REMOVE);
          const expected = drawn.flatMap((withdrawn, source) =>
            withdrawn.flatMap((gone, place) => (gone ? [] : [`${source}-${place}`])).slice(0, wanted),
          );
          expect(kept.map(({ videoId }) => videoId)).toEqual(expected);
          expect(kept.length + removed.length).toBe(looks);
        },
      ),
      { seed: 5 },
    );
  });
});
