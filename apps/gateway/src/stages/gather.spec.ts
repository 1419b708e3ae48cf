import type { Event } from '@watchnext/contract';
import type { Draft } from '../pipeline/draft';
import { Catalogue } from '../sources/catalogue';
import { PopularSnapshots } from '../sources/popular-snapshot';
import { TrendingVideos } from '../sources/trending';
import { gatherStage } from './gather';

const NOW_MS = 1_000_000_000;

function memoryOf(videoCount: number) {
  const catalogue = new Catalogue();
  const trending = new TrendingVideos();
  for (let i = 0; i < videoCount; i++) {
    const video = { channelId: 'c', topics: [], durationSeconds: 1, uploadedAtMs: 1 + i };
    const value = { videoId: `v${i}`, title: '', thumbnailUrl: '', video, availability: undefined };
    catalogue.apply({ body: { $case: 'videoUpserted', value } } as unknown as Event);
    trending.add(`v${i}`, `p${i}`, NOW_MS - 1_000);
  }
  return { catalogue, trending, snapshots: new PopularSnapshots() };
}

async function gathered(draft: Partial<Draft>, shownCount = 0) {
  const shown = new Set(Array.from({ length: shownCount }, (_, i) => i));
  const request = { requestedAtMs: NOW_MS, shown } as unknown as Draft['request'];
  const stage = gatherStage(memoryOf(1_500));
  const limits = { deadlineAtMs: Infinity, signal: new AbortController().signal, isHurried: false };
  const whole = { retrieved: [], serving: {}, snapshotId: '', request, ...draft } as unknown as Draft;
  const { offers } = (await stage.run(whole, limits)).patch;
  const counts: Record<string, number> = {};
  for (const { proposals } of offers!) for (const { source } of proposals) counts[source] = (counts[source] ?? 0) + 1;
  return counts;
}

describe('what the sources propose', () => {
  const retrieved = [{ videoId: 'v1', score: 1 }];

  it('is ten times what the blend wants of them beside retrieval', async () => {
    expect(await gathered({ retrieved })).toEqual({ retrieval: 1, trending: 200, fresh: 200 });
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
