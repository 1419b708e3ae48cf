import { type IndexSource, type Interval, percentileInterval, UserRatio } from './user-ratio';
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
  return weightedAuc(inOrder(order, scores, isPositive), () => 1);
}

/** Laid out by score, ascending, so that going through them is going through memory. */
interface Ordered {
  readonly scores: Float64Array;
  /** 1 of a positive. */
  readonly positives: Uint8Array;
}

const inOrder = (order: Int32Array, scores: ArrayLike<number>, isPositive: (index: number) => boolean): Ordered => ({
  scores: Float64Array.from(order, (index) => scores[index]),
  positives: Uint8Array.from(order, (index) => (isPositive(index) ? 1 : 0)),
});

/** @param weightOf how often the one at a place counts */
function weightedAuc({ scores, positives: isPositive }: Ordered, weightOf: (place: number) => number): number {
  let negativesBelow = 0;
  let positives = 0;
  let right = 0;
  for (let from = 0; from < scores.length;) {
    const score = scores[from];
    if (Number.isNaN(score)) return NaN;
    let tiedPositives = 0;
    let tiedNegatives = 0;
    let to = from;
    for (; to < scores.length && scores[to] === score; to += 1) {
      const weight = weightOf(to);
      if (isPositive[to] === 1) tiedPositives += weight;
      else tiedNegatives += weight;
    }
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
 * 95% of `clickAuc` by bootstrap over users: users are drawn with replacement, and each of their impressions counts as often as they
 * were. NaN where the area is, or where no draw has both kinds. One sort, then a pass for each resample.
 */
export function clickAucInterval(
  impressions: readonly LabelledImpression[],
  scores: ArrayLike<number>,
  random: IndexSource,
  { resampleCount = 200, level = 0.95 }: { resampleCount?: number; level?: number } = {},
): Interval {
  if (impressions.length === 0 || someNaN(scores)) return { low: NaN, high: NaN };
  const userIndex = new Map<string, number>();
  const users = Int32Array.from(impressions, ({ userId }) => {
    const index = userIndex.get(userId) ?? userIndex.size;
    userIndex.set(userId, index);
    return index;
  });
  const order = Int32Array.from(impressions.keys()).sort((a, b) => scores[a] - scores[b]);
  const ordered = inOrder(order, scores, (index) => impressions[index].clicked);
  const usersInOrder = order.map((index) => users[index]);
  const timesDrawn = new Int32Array(userIndex.size);
  const areas: number[] = [];
  for (let resample = 0; resample < resampleCount; resample += 1) {
    timesDrawn.fill(0);
    for (let draw = 0; draw < timesDrawn.length; draw += 1) timesDrawn[random.nextInt(timesDrawn.length)] += 1;
    const area = weightedAuc(ordered, (place) => timesDrawn[usersInOrder[place]]);
    // A draw of only clicked, or only unclicked impressions says nothing.
    if (!Number.isNaN(area)) areas.push(area);
  }
  return percentileInterval(areas, level);
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
