import { UserRatio } from './user-ratio';
import type { LabelledImpression } from './weighted-per-user-loss';

/**
 * Area under the ROC curve: the share of pairs of a positive and a negative that are ordered rightly, a tie counting
 * half. NaN without both kinds, or where a score is NaN. O(n log n).
 *
 * @param members indices into scores and labels; all if not given
 */
export function auc(
  scores: ArrayLike<number>,
  isPositive: (index: number) => boolean,
  members: ArrayLike<number> = Int32Array.from({ length: scores.length }, (_, index) => index),
): number {
  const order = Int32Array.from(members).sort((a, b) => scores[a] - scores[b]);
  let negativesBelow = 0;
  let positives = 0;
  let right = 0;
  for (let from = 0; from < order.length;) {
    const score = scores[order[from]];
    if (Number.isNaN(score)) return NaN;
    let tiedPositives = 0;
    let to = from;
    for (; to < order.length && scores[order[to]] === score; to += 1) if (isPositive(order[to])) tiedPositives += 1;
    const tiedNegatives = to - from - tiedPositives;
    right += tiedPositives * (negativesBelow + tiedNegatives / 2);
    negativesBelow += tiedNegatives;
    positives += tiedPositives;
    from = to;
  }
  return right / (positives * negativesBelow);
}

/** How well scores tell clicked from unclicked impressions, over all of them. */
export function clickAuc(impressions: readonly LabelledImpression[], scores: ArrayLike<number>): number {
  if (someNaN(scores)) return NaN;
  return auc(scores, (index) => impressions[index].clicked);
}

/**
 * The same within each user, users with only one kind of impression left out, weighted by their impressions
 * (Zhu et al. 2017): what a ranker can do, since it never orders two users' impressions.
 */
export function groupedClickAuc(impressions: readonly LabelledImpression[], scores: ArrayLike<number>): UserRatio {
  const byUser = new Map<string, { members: number[]; clicked: number }>();
  impressions.forEach(({ userId, clicked }, index) => {
    let user = byUser.get(userId);
    if (!user) byUser.set(userId, (user = { members: [], clicked: 0 }));
    user.members.push(index);
    if (clicked) user.clicked += 1;
  });
  const grouped = new UserRatio();
  for (const [userId, { members, clicked }] of byUser) {
    if (clicked === 0 || clicked === members.length) continue;
    const value = members.some((index) => Number.isNaN(scores[index]))
      ? NaN
      : auc(scores, (index) => impressions[index].clicked, members);
    grouped.add(userId, value * members.length, members.length);
  }
  return grouped;
}

function someNaN(scores: ArrayLike<number>): boolean {
  for (let index = 0; index < scores.length; index += 1) if (Number.isNaN(scores[index])) return true;
  return false;
}
