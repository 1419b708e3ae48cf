import type { Event } from '@watchnext/contract';
import { type Draft, SOURCES } from '../pipeline/draft';
import { Catalogue } from '../sources/catalogue';
import { type PopularSnapshot, PopularSnapshots } from '../sources/popular-snapshot';
import { TrendingVideos } from '../sources/trending';
import { freshness, gatherStage } from './gather';

const NOW_MS = 1_000_000_000;

function memoryOf(videoCount: number) {
  const catalogue = new Catalogue();
  const trending = new TrendingVideos();
  for (let i = 0; i < videoCount; i++) {
    const video = { channelId: 'c', topics: [], durationSeconds: 1, uploadedAtMs: 1 + i };
    const value = { videoId: `v${i}`, title: '', thumbnailUrl: '', video, availability: undefined };
    catalogue.apply({ body: { $case: 'videoUpserted', value } } as unknown as Event);
    trending.add('ada', `v${i}`, `p${i}`, NOW_MS - 1_000);
  }
  const snapshots = new PopularSnapshots();
  const ofSweden = [{ videoId: 'v7', score: 1 }];
  const held = {
    manifest: {},
    popular: [],
    popularByCountry: new Map([['SE', ofSweden]]),
  } as unknown as PopularSnapshot;
  jest.spyOn(snapshots, 'of').mockReturnValue(held);
  return { catalogue, trending, snapshots };
}

async function offersOf(draft: Partial<Draft>, shownCount = 0) {
  const shown = new Set(Array.from({ length: shownCount }, (_, i) => i));
  const request = { requestedAtMs: NOW_MS, shown } as unknown as Draft['request'];
  const stage = gatherStage(memoryOf(1_500));
  const limits = { deadlineAtMs: Infinity, signal: new AbortController().signal, isHurried: false };
  const context = { country: '' };
  const whole = { retrieved: [], serving: {}, snapshotId: '', request, context, ...draft } as unknown as Draft;
  return (await stage.run(whole, limits)).patch.offers!;
}

async function gathered(draft: Partial<Draft>, shownCount = 0) {
  const counts: Record<string, number> = {};
  for (const { proposals } of await offersOf(draft, shownCount))
    for (const { source } of proposals) counts[source] = (counts[source] ?? 0) + 1;
  return counts;
}

describe('what the sources propose', () => {
  const retrieved = [{ videoId: 'v1', score: 1 }];

  it('is ten times what the blend wants of them beside retrieval', async () => {
    expect(await gathered({ retrieved })).toEqual({ retrieval: 1, trending: 200, fresh: 200 });
  });

  it('comes in the order of the sources, with what is wanted of each', async () => {
    const serving = { blendQuotas: { trending: 50 } };
    const offers = await offersOf({ retrieved, serving });
    expect(offers.map(({ source, wanted }) => [source, wanted])).toEqual([
      ['retrieval', 2_000],
      ['trending', 50],
      ['popular', 50],
      ['fresh', 20],
    ]);
    expect(offers.map(({ source }) => source)).toEqual(SOURCES);
  });

  it('is of each video its id, its facts and a score that a float32 holds', async () => {
    const offers = await offersOf({ retrieved: [{ videoId: 'v1', score: 0.1 }] });
    const [ofRetrieval, , , fresh] = offers.map(({ proposals }) => [...proposals]);
    const video = expect.objectContaining({ videoId: 'v1' });
    expect(ofRetrieval).toEqual([{ videoId: 'v1', source: 'retrieval', score: Math.fround(0.1), video }]);
    const newest = { videoId: 'v1499', source: 'fresh', video: expect.objectContaining({ videoId: 'v1499' }) };
    expect(fresh![0]).toEqual({ ...newest, score: Math.fround(freshness(1_500, NOW_MS)) });
  });

  it('has the popular videos of the country that the request comes from', async () => {
    const context = { country: 'SE' } as Draft['context'];
    const popular = (await offersOf({ retrieved, context }))[SOURCES.indexOf('popular')]!;
    expect([...popular.proposals].map(({ videoId, score }) => [videoId, score])).toEqual([['v7', 1]]);
  });

  it('reaches past what earlier pages showed', async () => {
    expect(await gathered({ retrieved }, 70)).toMatchObject({ trending: 270, fresh: 270 });
  });

  it('follows an experiment that wants more or none of one', async () => {
    const serving = { blendQuotas: { trending: 50, fresh: 0 } };
    expect(await gathered({ retrieved, serving })).toEqual({ retrieval: 1, trending: 500 });
  });

  it('is all that there may be where they carry the list alone', async () => {
    expect(await gathered({})).toEqual({ trending: 1_000, fresh: 1_000 });
  });
});
