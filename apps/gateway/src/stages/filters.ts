/** What may not be shown, each reason on its own; removals are kept apart so that they can be counted. */
import { isAvailable, type Viewer } from '@watchnext/features';
import type { Offer, Proposal } from '../pipeline/draft';
import { hashOfShown } from '../cursor';

export interface FilterContext {
  readonly seedVideoId: string;
  readonly watchedVideoIds: ReadonlySet<string>;
  readonly dismissedVideoIds: ReadonlySet<string>;
  /** Shown too often without a watch. */
  readonly tiredOfVideoIds: ReadonlySet<string>;
  readonly shown: ReadonlySet<number>;
  readonly blockedChannelIds: ReadonlySet<string>;
  readonly viewer: Viewer;
}

export interface Filter {
  readonly name: string;
  keeps(proposal: Proposal, context: FilterContext): boolean;
}

export interface FilterResult {
  /** In the order given. */
  readonly kept: readonly Proposal[];
  /** Each with the first filter that removed it. */
  readonly removed: readonly { readonly proposal: Proposal; readonly filter: string }[];
}

/** In run order: the first that removes a proposal is the one it is counted under. */
export const FILTERS: readonly Filter[] = [
  { name: 'unknown', keeps: ({ video }) => video !== undefined },
  { name: 'withdrawn', keeps: ({ video }) => !video!.withdrawn },
  { name: 'availability', keeps: ({ video }, { viewer }) => isAvailable(video!.availability, viewer) },
  {
    name: 'blocked-channel',
    keeps: ({ video }, { blockedChannelIds }) => !blockedChannelIds.has(video!.facts.channelId),
  },
  { name: 'seed', keeps: ({ videoId }, { seedVideoId }) => videoId !== seedVideoId },
  { name: 'watched', keeps: ({ videoId }, { watchedVideoIds }) => !watchedVideoIds.has(videoId) },
  { name: 'dismissed', keeps: ({ videoId }, { dismissedVideoIds }) => !dismissedVideoIds.has(videoId) },
  { name: 'fatigue', keeps: ({ videoId }, { tiredOfVideoIds }) => !tiredOfVideoIds.has(videoId) },
  { name: 'shown-before', keeps: ({ videoId }, { shown }) => shown.size === 0 || !shown.has(hashOfShown(videoId)) },
];

/** Follows each offer as far as is wanted of it. */
export function applyFilters(
  offers: readonly Offer[],
  context: FilterContext,
  filters: readonly Filter[] = FILTERS,
): FilterResult {
  const kept: Proposal[] = [];
  const removed: { proposal: Proposal; filter: string }[] = [];
  for (const { wanted, proposals } of offers) {
    const enough = kept.length + wanted;
    if (wanted === 0) continue;
    for (const proposal of proposals) {
      const objecting = filters.find((filter) => !filter.keeps(proposal, context));
      if (objecting) removed.push({ proposal, filter: objecting.name });
      else if (kept.push(proposal) === enough) break;
    }
  }
  return { kept, removed };
}
