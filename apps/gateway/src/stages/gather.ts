import type { PopularSnapshots } from '../sources/popular-snapshot';
import type { Catalogue } from '../sources/catalogue';
import type { TrendingVideos } from '../sources/trending';
import type { Draft, Proposal, Source } from '../pipeline/draft';
import type { Stage } from '../pipeline/executor';
import { quotasFor } from './blend';

/**
 * How far down its list a source looks for videos that pass the filters: a source of which few are wanted looks at so many times
 * as many, and at those that earlier pages showed; of a list without retrieval, which these sources carry alone, at this many.
 * To look at all of them for every request took a fifth of the gateway's time.
 */
const DEPTH_PER_WANTED = 10;
const LARGEST_DEPTH = 1_000;
const DAY_MS = 86_400_000;

export interface Memory {
  readonly catalogue: Catalogue;
  readonly trending: TrendingVideos;
  readonly snapshots: PopularSnapshots;
}

/** Proposals of all sources, each source's best first. */
export function gatherStage({ catalogue, trending, snapshots }: Memory): Stage<Draft> {
  return {
    name: 'gather',
    timeShare: 1,
    run: ({ retrieved, request, snapshotId, serving }) => {
      const quotas = quotasFor({ retrieved, serving });
      const depthOf = (source: Source) =>
        Math.min(LARGEST_DEPTH, DEPTH_PER_WANTED * quotas[source] + request.shown.size);
      const proposals: Proposal[] = [];
      const propose = (source: Source, videoId: string, score: number, video = catalogue.get(videoId)) =>
        // As float32, which the log and the ranking service carry, so that all see the same number.
        proposals.push({ source, videoId, score: Math.fround(score), video });
      for (const { videoId, score } of retrieved) propose('retrieval', videoId, score);
      for (const { videoId, score } of trending.top(depthOf('trending'), request.requestedAtMs))
        propose('trending', videoId, score);
      for (const { videoId, score } of snapshots.of(snapshotId)?.popular.slice(0, depthOf('popular')) ?? [])
        propose('popular', videoId, score);
      for (const video of catalogue.newest(depthOf('fresh'), request.requestedAtMs)) {
        propose('fresh', video.videoId, freshness(video.facts.uploadedAtMs, request.requestedAtMs), video);
      }
      return { patch: { proposals } };
    },
  };
}

/** 1 at the upload, halved every seven days: the scale on which snapshots score their fresh videos. */
export function freshness(uploadedAtMs: number, nowMs: number): number {
  return 2 ** (Math.min(0, uploadedAtMs - nowMs) / (7 * DAY_MS));
}
