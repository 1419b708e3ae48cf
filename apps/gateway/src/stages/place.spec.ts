import { catalogueVideo } from '@watchnext/features';
import fc from 'fast-check';
import { SOURCES, type RankedCandidate, type Source } from '../pipeline/draft';
import { PAGE_OF_PLACES } from './caps';
import { byExpectedWatchSeconds, bySourceScore, placeDiversely } from './place';

const candidate = (
  videoId: string,
  channelId: string,
  score = 0,
  source: Source = 'retrieval',
  sourceScore = 0,
): RankedCandidate => ({
  videoId,
  video: catalogueVideo(videoId, { channelId, topics: [], durationSeconds: 60, uploadedAtMs: 1 }),
  sources: [{ source, score: sourceScore }],
  score,
  featuresChecksum: undefined,
});
const rankedOf = (channels: readonly string[]) =>
  channels.map((channelId, rank) => candidate(`v${rank}`, channelId, -rank));
const lists = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', ''), { maxLength: 60 });

describe('placeDiversely', () => {
  it('keeps each channel to its cap in every run of ten places, unless every candidate left is over it', () => {
    fc.assert(
      fc.property(lists, fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 4 }), (channels, limit, cap) => {
        const ranked = rankedOf(channels);
        const placed = placeDiversely(ranked, limit, { channelCap: cap, topicCap: 10 });
        for (let from = 0; from < placed.length; from += PAGE_OF_PLACES) {
          const counts = new Map<string, number>();
          for (const item of placed.slice(from, from + PAGE_OF_PLACES)) {
            const { channelId } = item.video.facts;
            const relaxed = item.rules.some(({ rule }) => rule === 'channel-cap-relaxed');
            if (channelId !== '' && (counts.get(channelId) ?? 0) >= cap) expect(relaxed).toBe(true);
            if (relaxed) {
              const before = new Set(placed.slice(0, item.position).map(({ videoId }) => videoId));
              const others = ranked.filter(({ videoId }) => !before.has(videoId));
              expect(others.every(({ video }) => (counts.get(video.facts.channelId) ?? 0) >= cap)).toBe(true);
            }
            counts.set(channelId, (counts.get(channelId) ?? 0) + 1);
          }
        }
      }),
      { seed: 5 },
    );
  });

  it('fills the page, repeats nothing, and keeps the order within each channel', () => {
    fc.assert(
      fc.property(lists, fc.integer({ min: 1, max: 50 }), (channels, limit) => {
        const ranked = rankedOf(channels);
        const placed = placeDiversely(ranked, limit, { channelCap: 2, topicCap: 10 });
        expect(placed.length).toBe(Math.min(limit, ranked.length));
        expect(new Set(placed.map(({ videoId }) => videoId)).size).toBe(placed.length);
        expect(placed.map(({ position }) => position)).toEqual(placed.map((_, index) => index));
        for (const channel of new Set(channels)) {
          const scores = placed.filter(({ video }) => video.facts.channelId === channel).map(({ score }) => score!);
          expect(scores).toEqual([...scores].sort((a, b) => b - a));
        }
      }),
      { seed: 6 },
    );
  });

  it('moves nothing where no cap applies, and says which rule moved what where one does', () => {
    const calm = placeDiversely(rankedOf(['a', 'b', 'c']), 3, { channelCap: 1, topicCap: 10 });
    expect(calm.map(({ videoId, rules }) => [videoId, rules])).toEqual([
      ['v0', []],
      ['v1', []],
      ['v2', []],
    ]);
    const moved = placeDiversely(rankedOf(['a', 'a', 'b', 'a']), 3, { channelCap: 1, topicCap: 10 });
    expect(moved.map(({ videoId }) => videoId)).toEqual(['v0', 'v2', 'v1']);
    expect(moved[1]!.rules).toEqual([{ rule: 'channel-cap', fromRank: 2, toPosition: 1 }]);
    expect(moved[2]!.rules).toEqual([{ rule: 'channel-cap-relaxed', fromRank: 1, toPosition: 2 }]);
  });

  it('looks no further down the ranking than the page needs', () => {
    const ranked = rankedOf(Array.from({ length: 500 }, (_, rank) => (rank < 30 ? `c${rank % 3}` : `c${rank}`)));
    let furthest = -1;
    const watched = new Proxy(ranked, {
      get(target, key) {
        if (typeof key === 'string' && /^\d+$/.test(key)) furthest = Math.max(furthest, Number(key));
        return Reflect.get(target, key) as unknown;
      },
    });
    const placed = placeDiversely(watched, 10, { channelCap: 2, topicCap: 10 });
    expect(placed.map(({ videoId }) => videoId)).toEqual([
      'v0',
      'v1',
      'v2',
      'v3',
      'v4',
      'v5',
      'v30',
      'v31',
      'v32',
      'v33',
    ]);
    expect(furthest).toBe(33);
  });

  it('keeps each topic to its cap unless all that is left is over one, and then gives up topics before channels', () => {
    const topic = fc.subarray(['x', 'y', 'z'], { maxLength: 2 });
    const videos = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', ''), topic), { maxLength: 40 });
    fc.assert(
      fc.property(
        videos,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        (all, channelCap, topicCap) => {
          const ranked = all.map(([channelId, topics], rank) => {
            const one = candidate(`v${rank}`, channelId, -rank);
            return { ...one, video: { ...one.video, facts: { ...one.video.facts, topics } } };
          });
          const placed = placeDiversely(ranked, 10, { channelCap, topicCap });
          expect(new Set(placed.map(({ videoId }) => videoId)).size).toBe(Math.min(10, ranked.length));
          placed.forEach((item, position) => {
            const before = placed.slice(0, position);
            const isOver = ({ video: { facts } }: RankedCandidate, which: 'channel' | 'topic') =>
              which === 'channel'
                ? facts.channelId !== '' &&
                  before.filter(({ video }) => video.facts.channelId === facts.channelId).length >= channelCap
                : facts.topics.some(
                    (one) => before.filter(({ video }) => video.facts.topics.includes(one)).length >= topicCap,
                  );
            const left = ranked.filter(({ videoId }) => !before.some((one) => one.videoId === videoId));
            const rules = item.rules.map(({ rule }) => rule);
            if (isOver(item, 'channel')) {
              expect(rules).toEqual(['channel-cap-relaxed']);
              expect(left.every((one) => isOver(one, 'channel'))).toBe(true);
            } else if (isOver(item, 'topic')) {
              expect(rules).toEqual(['topic-cap-relaxed']);
              expect(left.every((one) => isOver(one, 'channel') || isOver(one, 'topic'))).toBe(true);
            } else if (item.videoId === `v${position}` && rules.length === 0) {
              expect(item.rules).toEqual([]);
            } else expect(rules).toEqual([expect.stringMatching(/^(channel|topic)-cap$/)]);
          });
        },
      ),
    );
  });
});

describe('the orders', () => {
  it('without a ranker: retrieval by its score, then what is trending, popular and fresh', () => {
    const shuffled = [
      candidate('f', 'c', 0, 'fresh', 9),
      candidate('r2', 'c', 0, 'retrieval', 0.1),
      candidate('p', 'c', 0, 'popular', 50),
      candidate('t', 'c', 0, 'trending', 3),
      candidate('r1', 'c', 0, 'retrieval', 0.7),
    ];
    expect(shuffled.sort(bySourceScore(SOURCES)).map(({ videoId }) => videoId)).toEqual(['r1', 'r2', 't', 'p', 'f']);
  });

  it('with one: by expected watch seconds, ties as they came', () => {
    const ranked = [candidate('a', 'c', 1), candidate('b', 'c', 3), candidate('c', 'c', 1)];
    expect(ranked.sort(byExpectedWatchSeconds).map(({ videoId }) => videoId)).toEqual(['b', 'a', 'c']);
  });
});
