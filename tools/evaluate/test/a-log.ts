import type { CandidateExample, RankingExample } from '@watchnext/features';
import type { PaperData } from '../src/paper/data';

/** What says how large a log of ten watches a user is. */
const watchesOf = ({ videoCount, watches }: { videoCount: number; watches: number }) =>
  Array.from(
    { length: watches },
    (_, n) =>
      ({ userId: `user ${n % Math.ceil(watches / 10)}`, labelVideoId: `v${n % videoCount}` }) as CandidateExample,
  );

/** A log of so much data, of which nothing but its size is looked at. */
export function aLog(size: { videoCount: number; watches: number; impressions: number; queries?: number }): PaperData {
  return {
    name: 'a log',
    fingerprint: '',
    description: 'made up',
    candidates: {
      training: watchesOf(size),
      earlierUntilMs: 0,
      queries: new Array<never>(size.queries ?? 1_000),
      videoCount: size.videoCount,
      uploadedAtMs: new Map(),
      hasSearches: true,
      hasProfiles: true,
      hasUploads: true,
      ageDays: { first: -5, last: 20 },
    },
    ranking: {
      training: new Array<RankingExample>(size.impressions),
      heldOut: new Array<RankingExample>(Math.round(size.impressions / 5)),
      heldOutFromMs: Infinity,
      videoCount: size.videoCount,
      statisticsByDay: new Map(),
    },
  };
}
