import type { Event } from '@watchnext/contract';
import fc from 'fast-check';
import { Catalogue } from './catalogue';

const event = (body: Event['body']): Event => ({
  eventId: 'e',
  occurredAtMs: 0,
  receivedAtMs: 0,
  producer: 'spec',
  backfill: false,
  body,
});
const upserted = (videoId: string, uploadedAtMs: number, title = videoId) =>
  event({
    $case: 'videoUpserted',
    value: {
      videoId,
      title,
      thumbnailUrl: '',
      availability: undefined,
      video: { channelId: 'c', topics: [], durationSeconds: 1, uploadedAtMs },
    },
  });
const withdrawn = (videoId: string) => event({ $case: 'videoWithdrawn', value: { videoId, reason: '' } });

describe('Catalogue', () => {
  it('keeps the facts of a withdrawn video but marks it, and takes it back when it is upserted anew', () => {
    const catalogue = new Catalogue();
    catalogue.apply(upserted('a', 5, 'first'));
    catalogue.apply(withdrawn('a'));
    expect(catalogue.get('a')).toMatchObject({ withdrawn: true });
    expect(catalogue.textsOf('a').title).toBe('first');
    expect(catalogue.newest(10, 100)).toEqual([]);
    catalogue.apply(upserted('a', 6, 'second'));
    expect(catalogue.get('a')).toMatchObject({ withdrawn: false });
    expect(catalogue.textsOf('a').title).toBe('second');
    expect(catalogue.newest(10, 100).map(({ videoId }) => videoId)).toEqual(['a']);
  });

  it('knows a withdrawal whose upload was compacted away', () => {
    const catalogue = new Catalogue();
    catalogue.apply(withdrawn('gone'));
    expect(catalogue.get('gone')).toMatchObject({ withdrawn: true });
    expect(catalogue.textsOf('gone').title).toBe('');
  });

  it('holds back what is to be uploaded in the future and what has no upload time', () => {
    const catalogue = new Catalogue();
    catalogue.apply(upserted('future', 200));
    catalogue.apply(upserted('timeless', 0));
    catalogue.apply(upserted('past', 50));
    expect(catalogue.newest(10, 100).map(({ videoId }) => videoId)).toEqual(['past']);
  });

  it('gives the newest videos as a full sort would, after any uploads, changes and withdrawals', async () => {
    const step = fc.record({
      id: fc.integer({ min: 0, max: 30 }),
      at: fc.integer({ min: 1, max: 1000 }),
      withdraw: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), fc.nat(3), async (steps, pauses) => {
        const capacity = 8;
        // A clock on which every look is a turn: what is told comes amid the rebuilds.
        let nowMs = 0;
        const catalogue = new Catalogue(capacity, () => (nowMs += 10));
        let number = 0;
        const expected = new Map<string, number>();
        for (const { id, at, withdraw } of steps) {
          const videoId = `v${String(id).padStart(2, '0')}`;
          catalogue.apply(withdraw ? withdrawn(videoId) : upserted(videoId, at));
          if (withdraw) expected.delete(videoId);
          else expected.set(videoId, at);
          const sorted = [...expected].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([key]) => key);
          // Removals may shorten the list to half its capacity before it is rebuilt; what it holds is always the newest.
          const held = () => catalogue.newest(capacity, 1000).map((video) => video.videoId);
          expect(held()).toEqual(sorted.slice(0, held().length));
          if (pauses === 0) await catalogue.whole();
          else if (number++ % pauses === 0) await new Promise(setImmediate);
          expect(held()).toEqual(sorted.slice(0, held().length));
          if (pauses === 0) expect(held().length).toBeGreaterThanOrEqual(Math.min(sorted.length, capacity / 2));
        }
        await catalogue.whole();
        const held = catalogue.newest(capacity, 1000).map((video) => video.videoId);
        const sorted = [...expected].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([key]) => key);
        expect(held).toEqual(sorted.slice(0, held.length));
        expect(held.length).toBeGreaterThanOrEqual(Math.min(sorted.length, capacity / 2));
      }),
      { seed: 7 },
    );
  });

  it('makes the order anew in turns: other work gets in between', async () => {
    let nowMs = 0;
    const catalogue = new Catalogue(100, () => (nowMs += 1));
    const ids = Array.from({ length: 1_000 }, (_, i) => `v${String(i).padStart(4, '0')}`);
    ids.forEach((videoId, i) => catalogue.apply(upserted(videoId, 1 + i)));
    let turns = 0;
    const count = () => {
      turns++;
      immediate = setImmediate(count);
    };
    let immediate = setImmediate(count);
    for (const videoId of ids.slice(-51)) catalogue.apply(withdrawn(videoId));
    expect(catalogue.newest(100, 2_000)).toHaveLength(49);
    await catalogue.whole();
    clearImmediate(immediate);
    expect(turns).toBeGreaterThan(100);
    expect(catalogue.newest(100, 2_000).map(({ videoId }) => videoId)).toEqual(ids.slice(-151, -51).reverse());
  });
});
