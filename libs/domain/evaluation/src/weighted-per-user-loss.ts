import { DAY_MS } from '@watchnext/features';
import { UserRatio } from './user-ratio';

/** Seconds at which one impression stops counting for more, so that one looping playback cannot own the metric. */
export const LOSS_WATCH_CAP_SECONDS = 600;

export interface LabelledImpression {
  readonly userId: string;
  /** What the viewer saw together; empty where the log does not say. */
  readonly pageId: string;
  readonly servedAtMs: number;
  readonly clicked: boolean;
  readonly watchSeconds: number;
}

/** A page with at least one clicked and one unclicked impression; members are indices into the impressions given. */
export interface Page {
  readonly userId: string;
  readonly members: readonly number[];
}

/**
 * Groups impressions into pages: one user and the page id, or, where the log has none, one user and one UTC day.
 * Pages without both a clicked and an unclicked impression have no pair to order and are left out.
 */
export function pagesOf(impressions: readonly LabelledImpression[]): Page[] {
  const pages = new Map<string, { userId: string; members: number[]; clicked: number }>();
  impressions.forEach((impression, index) => {
    const { userId, pageId, servedAtMs } = impression;
    // Lengths keep two users' keys apart whatever characters ids hold.
    const key = `${userId.length}:${userId}${pageId ? `p${pageId}` : `d${Math.floor(servedAtMs / DAY_MS)}`}`;
    let page = pages.get(key);
    if (!page) pages.set(key, (page = { userId, members: [], clicked: 0 }));
    page.members.push(index);
    if (impression.clicked) page.clicked += 1;
  });
  return [...pages.values()].filter((page) => page.clicked > 0 && page.clicked < page.members.length);
}

/** What to say of a part of a log, as "these days", that `pagesOf` finds no page in: its loss would be NaN. */
export const noPageMessage = (part: string) => `no page of ${part} has a watched and an unwatched one`;

/**
 * The paper's weighted per-user loss (§4): over all pairs of a clicked and an unclicked impression of one page, the
 * share of the clicked ones' watch seconds whose pair is ordered wrongly. A tie counts half. 0 is perfect.
 *
 * Costs O(n log n) a page: impressions are sorted once, and each clicked one counts the unclicked ones above it.
 *
 * @param scores - one per impression, larger is better
 * @returns misordered over all watch seconds, by user; NaN value where no page has a pair or a score is NaN
 */
export function weightedPerUserLoss(
  impressions: readonly LabelledImpression[],
  pages: readonly Page[],
  scores: ArrayLike<number>,
  watchCapSeconds = LOSS_WATCH_CAP_SECONDS,
): UserRatio {
  const loss = new UserRatio();
  for (const { userId, members } of pages) {
    if (members.some((index) => Number.isNaN(scores[index]))) {
      loss.add(userId, NaN, NaN);
      continue;
    }
    const order = [...members].sort((a, b) => scores[b] - scores[a]);
    const unclickedCount = members.reduce((count, index) => count + (impressions[index].clicked ? 0 : 1), 0);
    let unclickedAbove = 0;
    let misordered = 0;
    let whole = 0;
    for (let from = 0; from < order.length;) {
      let to = from;
      let tiedUnclicked = 0;
      let tiedSeconds = 0;
      for (; to < order.length && scores[order[to]] === scores[order[from]]; to += 1) {
        const { clicked, watchSeconds } = impressions[order[to]];
        if (clicked) tiedSeconds += Math.min(watchSeconds, watchCapSeconds);
        else tiedUnclicked += 1;
      }
      misordered += tiedSeconds * (unclickedAbove + tiedUnclicked / 2);
      whole += tiedSeconds * unclickedCount;
      unclickedAbove += tiedUnclicked;
      from = to;
    }
    loss.add(userId, misordered, whole);
  }
  return loss;
}
