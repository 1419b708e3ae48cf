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
  'joinWindowMs' | 'settledAfterMs' | 'countedAfterMs' | 'examplesFromMs' | 'logEndMs' | 'straysEndMs'
>;

export function useOfList({ event: { occurredAtMs, backfill } }: UserRecord, options: TimeOptions): UseOfList {
  const { joinWindowMs, settledAfterMs = joinWindowMs, countedAfterMs = Infinity } = options;
  const { examplesFromMs = -Infinity, logEndMs, straysEndMs = logEndMs } = options;
  // One event of a clock that is years ahead would settle all that the log has.
  const ageMs = (occurredAtMs > logEndMs ? straysEndMs : logEndMs) - occurredAtMs;
  // Not even a watched one is an example before its time: on the newest day there would be watched ones only, and the
  // model would learn that new impressions are always watched.
  const isSettled = backfill || ageMs >= settledAfterMs;
  if (isSettled) return occurredAtMs >= examplesFromMs ? 'examples' : 'counts';
  return ageMs >= countedAfterMs ? 'counts' : 'none';
}

/**
 * Gives the impressions that may have been looked at, in the order of the lists, to the taker. Of a list those that the client has
 * confirmed, and what was watched. Where it has confirmed nothing: all, unless it is a client that does confirm, by the join window's
 * end, and nothing was watched either; then nobody looked at the list (docs/decisions/0159).
 */
export function giveImpressions(
  userId: string,
  lists: readonly ServedList[],
  labels: LabelCollector,
  { joinWindowMs }: Pick<ReplayOptions, 'joinWindowMs'>,
  taker: ReplayTaker,
): void {
  const impressionIds = new Set<string>();
  const firstConfirmed = firstConfirmedByClient(lists, labels);
  for (const { record, served, taken } of lists) {
    const servedAtMs = record.event.occurredAtMs;
    const { requestId, pageId, snapshotId } = served;
    const confirmed = labels.confirmedOf(requestId);
    const isIgnored =
      confirmed === undefined &&
      (firstConfirmed.get(clientOf(served)) ?? Infinity) <= servedAtMs + joinWindowMs &&
      !served.items.some((item) => labels.watchSecondsOf(item, servedAtMs, joinWindowMs) !== undefined);
    for (let i = 0; i < served.items.length; i++) {
      const item = served.items[i];
      const { impressionId, position, score, featuresChecksum } = item;
      // Ids are unique; a list that was logged twice under two event ids is still one list.
      if (impressionIds.has(impressionId)) continue;
      impressionIds.add(impressionId);
      if (taken.use === 'none' || isIgnored) continue;
      const seconds = labels.watchSecondsOf(item, servedAtMs, joinWindowMs);
      const clicked = seconds !== undefined;
      if (!clicked && confirmed !== undefined && !confirmed.impressionIds.has(impressionId)) continue;
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

/** One of the user's may confirm what comes into view, and another not: an app on one device, a page of it. */
const clientOf = ({ context }: ImpressionsServed): string => `${context?.device ?? ''}\n${context?.surface ?? ''}`;

/** By the events' own times, so that the order in which they came to the log does not matter. */
function firstConfirmedByClient(lists: readonly ServedList[], labels: LabelCollector): ReadonlyMap<string, number> {
  const first = new Map<string, number>();
  if (!labels.hasConfirmations) return first;
  for (const { served } of lists) {
    const confirmed = labels.confirmedOf(served.requestId);
    if (confirmed === undefined) continue;
    const client = clientOf(served);
    first.set(client, Math.min(first.get(client) ?? Infinity, confirmed.firstAtMs));
  }
  return first;
}
