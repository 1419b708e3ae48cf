import { type CatalogueVideo, DAY_MS } from '@watchnext/features';
import { popularIn, type PopularSnapshots } from '../sources/popular-snapshot';
import type { Catalogue } from '../sources/catalogue';
import type { ScoredVideo, TrendingVideos } from '../sources/trending';
import type { Draft, Offer, Source } from '../pipeline/draft';
import type { Stage } from '../pipeline/executor';
import { quotasFor } from '../sources/quotas';

/**
 * How far down its list a source may be followed for videos that pass the filters: so many times as far as is wanted of it, past
 * those that earlier pages showed; in a list without retrieval, which these sources carry alone, so far.
 */
const DEPTH_PER_WANTED = 10;
const LARGEST_DEPTH = 1_000;

export interface Memory {
  readonly catalogue: Catalogue;
  readonly trending: TrendingVideos;
  readonly snapshots: PopularSnapshots;
}

/** What all sources have to offer, in the order of `SOURCES`. */
export function gatherStage({ catalogue, trending, snapshots }: Memory): Stage<Draft> {
  return {
    name: 'gather',
    timeShare: 1,
    run: ({ retrieved, request, context, snapshotId, serving }) => {
      const { requestedAtMs, shown } = request;
      const quotas = quotasFor({ retrieved, serving });
      const depthOf = (source: Source) => Math.min(LARGEST_DEPTH, DEPTH_PER_WANTED * quotas[source] + shown.size);
      const offer = <Found extends { readonly videoId: string }>(
        source: Source,
        found: readonly Found[],
        videoOf: (one: Found) => CatalogueVideo | undefined,
        scoreOf: (one: Found) => number,
      ): Offer => ({
        source,
        wanted: quotas[source],
        proposals: lazily(found, (one) => ({
          videoId: one.videoId,
          source,
          // As float32, which the log and the ranking service carry, so that all see the same number.
          score: Math.fround(scoreOf(one)),
          video: videoOf(one),
        })),
      });
      const scored = (source: Source, found: readonly ScoredVideo[]) =>
        offer(
          source,
          found,
          ({ videoId }) => catalogue.get(videoId),
          ({ score }) => score,
        );
      const snapshot = snapshots.of(snapshotId);
      const popular = snapshot ? popularIn(context.country, snapshot).slice(0, depthOf('popular')) : [];
      const fresh = catalogue.newest(depthOf('fresh'), requestedAtMs);
      const offers: readonly Offer[] = [
        scored('retrieval', retrieved),
        scored('trending', trending.top(depthOf('trending'), requestedAtMs)),
        scored('popular', popular),
        offer(
          'fresh',
          fresh,
          (video) => video,
          ({ facts }) => freshness(facts.uploadedAtMs, requestedAtMs),
        ),
      ];
      return { patch: { offers } };
    },
  };
}

const lazily = <In, Out>(values: readonly In[], made: (value: In) => Out): Iterable<Out> => ({
  *[Symbol.iterator]() {
    for (const value of values) yield made(value);
  },
});

/** 1 at the upload, halved every seven days: the scale on which snapshots score their fresh videos. */
export function freshness(uploadedAtMs: number, nowMs: number): number {
  return 2 ** (Math.min(0, uploadedAtMs - nowMs) / (7 * DAY_MS));
}
