import { catalogueVideo } from '@watchnext/features';
import fc from 'fast-check';
import type { RankedCandidate } from '../pipeline/draft';
import { explore } from './explore';
import { placeDiversely } from './place';

const candidate = (index: number, channelId: string): RankedCandidate => ({
  videoId: `v${index}`,
  video: catalogueVideo(`v${index}`, { channelId, topics: [], durationSeconds: 60, uploadedAtMs: 0 }),
  sources: [{ source: 'retrieval', score: 1 }],
  score: 100 - index,
  featuresChecksum: index,
});
const ranked = Array.from({ length: 40 }, (_, index) => candidate(index, `c${index % 20}`));
const caps = { channelCap: 2, topicCap: 10 };
const options = { position: 3, poolSize: 5, epsilon: 0.2, rule: 'exploration' as const };

describe('exploration of a place', () => {
  const page = placeDiversely(ranked, 10, caps);

  it('leaves the page as it is when chance does not call, and logs what it might have been', () => {
    const explored = explore(page, ranked, caps, { ...options, point: 0.5 });
    expect(explored.page.map(({ videoId }) => videoId)).toEqual(page.map(({ videoId }) => videoId));
    expect(explored.page[3]).toMatchObject({ propensity: expect.closeTo(0.84), rules: [] });
    const [{ position, options: logged }] = explored.exploredPlaces as [(typeof explored.exploredPlaces)[number]];
    expect(position).toBe(3);
    expect(logged.map(({ videoId }) => videoId)).toEqual(['v3', 'v10', 'v11', 'v12', 'v13']);
    expect(logged.map(({ probability }) => probability)).toEqual(
      [0.84, 0.04, 0.04, 0.04, 0.04].map((p) => expect.closeTo(p)),
    );
  });

  it('puts in another one with the probability that is logged, and changes no other place', () => {
    const explored = explore(page, ranked, caps, { ...options, point: 0.95 });
    expect(explored.page[3]).toMatchObject({
      videoId: 'v12',
      propensity: expect.closeTo(0.04),
      rules: [{ rule: 'exploration', fromRank: 12, toPosition: 3 }],
    });
    explored.page.forEach((item, position) => {
      expect(item.position).toBe(position);
      if (position !== 3) expect(item).toBe(page[position]);
    });
  });

  it('draws every option as often as its probability says: the draw is cut in such parts', () => {
    const steps = 10_000;
    const counts = new Map<string, number>();
    for (let step = 0; step < steps; step++) {
      const { videoId } = explore(page, ranked, caps, { ...options, point: (step + 0.5) / steps }).page[3]!;
      counts.set(videoId, (counts.get(videoId) ?? 0) + 1);
    }
    expect([...counts.values()].map((count) => count / steps)).toEqual(
      [0.84, 0.04, 0.04, 0.04, 0.04].map((p) => expect.closeTo(p, 3)),
    );
  });

  it('does nothing where the page is too short or there is nothing to choose from', () => {
    expect(explore(page.slice(0, 3), ranked, caps, { ...options, point: 0.99 }).exploredPlaces).toEqual([]);
    expect(explore(page, ranked.slice(0, 10), caps, { ...options, point: 0.99 })).toEqual({ page, exploredPlaces: [] });
  });

  it('does nothing where ranking failed open and nothing is scored', () => {
    const unscored = ranked.map((one) => ({ ...one, score: undefined }));
    const plain = placeDiversely(unscored, 10, caps);
    expect(explore(plain, unscored, caps, { ...options, point: 0.99 })).toEqual({ page: plain, exploredPlaces: [] });
  });

  it('draws from fresh videos alone where they are meant, and keeps the topics to their cap', () => {
    const isFresh = (index: number) => index % 9 === 0;
    const all = ranked.map((one, index) => ({
      ...one,
      video: { ...one.video, facts: { ...one.video.facts, topics: [index === 27 ? 'full' : `t${index}`] } },
      sources: isFresh(index) ? [...one.sources, { source: 'fresh' as const, score: 1 }] : one.sources,
    }));
    const first = { ...all[1]!, video: { ...all[1]!.video, facts: { ...all[1]!.video.facts, topics: ['full'] } } };
    const served = placeDiversely([all[0]!, first, ...all.slice(2)], 10, { channelCap: 2, topicCap: 1 });
    const { exploredPlaces, page: explored } = explore(
      served,
      all,
      { channelCap: 2, topicCap: 1 },
      {
        ...options,
        rule: 'fresh-exploration',
        isOption: ({ sources }) => sources.some(({ source }) => source === 'fresh'),
        point: 0.999,
      },
    );
    expect(exploredPlaces[0]!.options.map(({ videoId }) => videoId)).toEqual(['v3', 'v18', 'v36']);
    expect(explored[3]).toMatchObject({ videoId: 'v36', rules: [{ rule: 'fresh-exploration' }] });
    expect(explored[3]!.propensity).toBeCloseTo(0.2 / 3);
  });

  it('keeps the channel cap and shows nothing twice, whatever is drawn', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 12, maxLength: 60 }),
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 2, max: 20 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (channels, position, poolSize, draw) => {
          const all = channels.map((channel, index) => candidate(index, `c${channel}`));
          const before = placeDiversely(all, 10, caps);
          const after = explore(before, all, caps, {
            position,
            poolSize,
            epsilon: 0.5,
            rule: 'exploration',
            point: draw,
          });
          expect(new Set(after.page.map(({ videoId }) => videoId)).size).toBe(after.page.length);
          const most = (items: readonly RankedCandidate[]) =>
            Math.max(...channels.map((c) => items.filter(({ video }) => video.facts.channelId === `c${c}`).length));
          expect(most(after.page)).toBeLessThanOrEqual(Math.max(2, most(before)));
          for (const { options: logged } of after.exploredPlaces) {
            expect(logged.length).toBeLessThanOrEqual(poolSize);
            expect(logged.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1);
            const shown = logged.find(({ videoId }) => videoId === after.page[position]!.videoId);
            expect(shown?.probability).toBe(after.page[position]!.propensity);
          }
        },
      ),
    );
  });
});
