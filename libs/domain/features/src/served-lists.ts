/** The lists of one user's replay, from the features that were taken of them to impressions with what followed from them. */
import type { ImpressionsServed } from '@watchnext/contract';
import type { LabelCollector } from './labels';
import type { ReplayOptions, ReplayTaker } from './replay-types';
import type { RankingUserFeatures, RankingVideoFeatures, UserRecord } from './types';

/** What becomes of a list's impressions: examples, or counts alone, or neither as yet. */
export type UseOfList = 'examples' | 'counts' | 'none';

/** Taken at the list's mark. Of a list without examples only what counts look at. */
export type TakenFeatures =
  | {
      readonly use: 'examples';
      readonly user: RankingUserFeatures;
      readonly videos: readonly RankingVideoFeatures[];
    }
  | { readonly use: 'counts' | 'none'; readonly user: Pick<RankingUserFeatures, 'surface' | 'country'> };

export interface ServedList {
  readonly record: UserRecord;
  readonly served: ImpressionsServed;
  readonly taken: TakenFeatures;
}

type TimeOptions = Pick<
  ReplayOptions,
  'joinWindowMs' | 'settledAfterMs' | 'countedAfterMs' | 'examplesFromMs' | 'logEndMs'
>;

export function useOfList({ event: { occurredAtMs, backfill } }: UserRecord, options: TimeOptions): UseOfList {
  const { joinWindowMs, settledAfterMs = joinWindowMs, countedAfterMs = Infinity } = options;
  const { examplesFromMs = -Infinity, logEndMs } = options;
  const ageMs = logEndMs - occurredAtMs;
  // Not even a watched one is an example before its time: on the newest day there would be watched ones only, and the
  // model would learn that new impressions are always watched.
  const isSettled = backfill || ageMs >= settledAfterMs;
  if (isSettled) return occurredAtMs >= examplesFromMs ? 'examples' : 'counts';
  return ageMs >= countedAfterMs ? 'counts' : 'none';
}

/** Gives the impressions of the lists, in their order, to the taker. */
export function giveImpressions(
  userId: string,
  lists: readonly ServedList[],
  labels: LabelCollector,
  { joinWindowMs }: Pick<ReplayOptions, 'joinWindowMs'>,
  taker: ReplayTaker,
): void {
  const impressionIds = new Set<string>();
  for (const { record, served, taken } of lists) {
    const servedAtMs = record.event.occurredAtMs;
    const { requestId, pageId, snapshotId } = served;
    const viewed = labels.viewedOf(requestId);
    for (let i = 0; i < served.items.length; i++) {
      const item = served.items[i];
      const { impressionId, position, score, featuresChecksum } = item;
      // Ids are unique; a list that was logged twice under two event ids is still one list.
      if (impressionIds.has(impressionId)) continue;
      impressionIds.add(impressionId);
      if (taken.use === 'none') continue;
      const seconds = labels.watchSecondsOf(item, servedAtMs, joinWindowMs);
      const clicked = seconds !== undefined;
      if (!clicked && viewed !== undefined && !viewed.has(impressionId)) continue;
      const outcome = { servedAtMs, clicked, watchSeconds: seconds ?? 0 };
      const videoNumber = record.itemNumbers?.[i];
      if (taken.use !== 'examples') {
        const { videoId, video } = item;
        const shown = { videoId, channelId: video?.channelId ?? '', topics: video?.topics ?? [] };
        taker.counted?.({ ...outcome, user: taken.user, video: shown }, videoNumber);
        continue;
      }
      taker.impression(
        {
          userId,
          requestId,
          pageId: pageId || requestId,
          impressionId,
          servedAtMs,
          position,
          user: taken.user,
          video: taken.videos[i],
          clicked,
          watchSeconds: outcome.watchSeconds,
          served: { snapshotId, score, featuresChecksum },
        },
        videoNumber,
      );
    }
  }
}
