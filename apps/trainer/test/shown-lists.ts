import type { RankingExample } from '@watchnext/features';
import type { Random } from '@watchnext/learning';
import { rankingExampleOf } from '@watchnext/testing';

const START_MS = Date.UTC(2026, 10, 2);

/** Impressions of a list a minute to 40 users in turn, of eight videos that differ in nothing; a click is 20 s of watching. */
export function shownLists(
  { listCount, length }: { readonly listCount: number; readonly length: number },
  clickRateAt: (position: number) => number,
  random: Random,
): RankingExample[] {
  return Array.from({ length: listCount * length }, (_, n): RankingExample => {
    const position = n % length;
    const clicked = random.next() < clickRateAt(position);
    const page = Math.floor(n / length);
    return rankingExampleOf({
      userId: `u${page % 40}`,
      requestId: `r${page}`,
      pageId: `p${page}`,
      impressionId: `i${n}`,
      servedAtMs: START_MS + page * 60_000,
      position,
      videoId: `v${random.nextInt(8)}`,
      clicked,
      watchSeconds: clicked ? 20 : 0,
    });
  });
}
