/** What a request keeps out of its answer, by why: so that a rule that hides too much, or a tail that tells of nothing any more, is seen. */
import type { RequestContext, UserState } from '@watchnext/contract';
import type { ViewerRestrictions } from './catalogue/live-catalogue';
import type { SnapshotVideos } from './catalogue/snapshot-videos';

export const LEFT_OUT_REASONS = [
  'watched',
  'dismissed',
  'asked',
  'seed',
  'blocked-channel',
  'country',
  'age',
  'withdrawn',
] as const;
export type LeftOutReason = (typeof LEFT_OUT_REASONS)[number];

export interface Exclusions {
  readonly state: UserState;
  readonly context: RequestContext;
  readonly excludeVideoIds: readonly string[];
  readonly restrictions: ViewerRestrictions;
}

/**
 * Labels left out by name, each counted under the first of watched, dismissed, asked and seed that it is.
 *
 * @returns also how many videos of the snapshot each rule leaves out; one that is kept back by several counts under each, and one
 *   that is withdrawn under that alone
 */
export function leftOut(
  { state, context, excludeVideoIds, restrictions }: Exclusions,
  videos: SnapshotVideos,
): { readonly labels: Int32Array; readonly counts: Readonly<Record<LeftOutReason, number>> } {
  const labels = new Set<number>();
  const named = (videoIds: Iterable<string>): number => {
    const before = labels.size;
    for (const videoId of videoIds) {
      const label = videos.labelOf(videoId);
      if (label !== undefined) labels.add(label);
    }
    return labels.size - before;
  };
  const counts = {
    watched: named(ids(state.watches)),
    dismissed: named(ids(state.dismissals)),
    asked: named(excludeVideoIds),
    seed: named([context.seedVideoId]),
    'blocked-channel': sum(restrictions.blockedChannels, (channel) => videos.countOfChannel(channel)),
    country: sum(restrictions.countryRules, (rule) => videos.countUnderRule(rule)),
    age: sum(restrictions.ageRules, (rule) => videos.countUnderRule(rule)),
    withdrawn: videos.withdrawnCount,
  };
  return { labels: Int32Array.from(labels), counts };
}

function* ids(items: readonly { readonly videoId: string }[]): Generator<string> {
  for (const { videoId } of items) yield videoId;
}

const sum = (numbers: readonly number[], countOf: (number: number) => number) =>
  numbers.reduce((total, number) => total + countOf(number), 0);
