/**
 * Lists for a log that tells only what was watched. The ranking model learns from what was shown and left, so each
 * watch is set among videos that other users watched around the same time: as popular at that moment as the watched one,
 * on average, so that neither popularity nor novelty gives the watch away.
 *
 * They are drawn from both sides of the watch in time: from its past alone a new video would never be drawn, and
 * "never watched before" would mark the watched one. Where the log tells when videos were uploaded, a drawn one was there by
 * then, or an age of nothing would mark it; and since of the past's watches none is of what came in between, it is drawn from those
 * that follow, the nearer the better (decision 195).
 *
 * Whether the user watches a drawn video later is not asked, or having been drawn would tell the future; whether it watched
 * it earlier is, and such a video is not drawn: what was watched is not served again, and "watched before" would mark the
 * drawn ones. For the same reason a watch of a video that its user had watched before gets no list: beside drawn ones that
 * were not, it would be marked.
 */
import { createRandom } from '@watchnext/learning';
import { LINES_PER_SOURCE } from './staging/lines-per-source';
import type { TimelineRow } from './staging/timeline';
import { WatchedPairs } from './watched-pairs';

/** How many of the watches before and after one are drawn from. */
interface Reach {
  readonly before: number;
  readonly after: number;
}
/** Each where those before it do not give enough, as where one user fills them all. */
const BOTH_SIDES: readonly Reach[] = [1_000, 4_000, 16_000].map((reach) => ({ before: reach, after: reach }));
/** The past at last: the log ends somewhere. */
const AHEAD_FIRST: readonly Reach[] = [
  ...[100, 500, 2_000, 8_000].map((after) => ({ before: 0, after })),
  ...BOTH_SIDES,
];
const FARTHEST = Math.max(...BOTH_SIDES.map(({ after }) => after));
/** Videos beside the watched one: five to a list, about a screen. */
const DRAWN = 4;
/** At least; the more the farther a reach goes. */
const ATTEMPTS = 8 * DRAWN;
const WATCHES_PER_ATTEMPT = 62.5;
const LAST_BATCH = 1_000;

export interface DrawnList {
  readonly watch: TimelineRow;
  /** The watched video among the drawn ones, in the order of places; empty where its user had watched it before. */
  readonly items: readonly TimelineRow[];
}

/**
 * @param rows watches in order of time, in batches
 * @param pairCount of users and videos that they watched
 */
export async function* drawLists(
  rows: AsyncIterable<readonly TimelineRow[]>,
  pairCount: number,
): AsyncGenerator<DrawnList[]> {
  const watched = new WatchedPairs(pairCount);
  /** A stretch of the log; the watch at `next` is the first without a list. */
  let stretch: TimelineRow[] = [];
  let next = 0;
  for await (const batch of rows) {
    stretch.push(...batch);
    const lists: DrawnList[] = [];
    while (next + FARTHEST < stretch.length) lists.push(drawList(stretch, next++, watched));
    if (next > 4 * FARTHEST) {
      const passed = next - FARTHEST;
      stretch = stretch.slice(passed);
      next -= passed;
    }
    if (lists.length > 0) yield lists;
  }
  // All that was waited for, in batches too: who takes them may want to end in between.
  while (next < stretch.length) {
    const to = Math.min(stretch.length, next + LAST_BATCH);
    const lists: DrawnList[] = [];
    while (next < to) lists.push(drawList(stretch, next++, watched));
    yield lists;
  }
}

/** @param watched before it; it is added */
function drawList(stretch: readonly TimelineRow[], at: number, watched: WatchedPairs): DrawnList {
  const watch = stretch[at];
  if (!watched.add(watch.userId, watch.videoId)) return { watch, items: [] };
  // The same for the same row, whatever was read before.
  const random = createRandom(watch.source * LINES_PER_SOURCE + watch.line);
  const items: TimelineRow[] = [watch];
  const { uploadedAtMs } = watch.facts;
  // A file may tell that a video was uploaded after it was watched: others as late may stand beside it.
  const latestUploadMs = Math.max(watch.atMs, uploadedAtMs);
  for (const { before, after } of uploadedAtMs === 0 ? BOTH_SIDES : AHEAD_FIRST) {
    const from = Math.max(0, at - before);
    const span = Math.min(stretch.length, at + after + 1) - from;
    const attempts = Math.max(ATTEMPTS, (before + after) / WATCHES_PER_ATTEMPT);
    for (let attempt = 0; attempt < attempts && items.length <= DRAWN; attempt++) {
      const drawn = stretch[from + random.nextInt(span)];
      if (drawn.facts.uploadedAtMs > latestUploadMs) continue;
      if (items.some(({ videoId }) => videoId === drawn.videoId)) continue;
      if (drawn.userId !== watch.userId && !watched.has(watch.userId, drawn.videoId)) items.push(drawn);
    }
  }
  const place = random.nextInt(items.length);
  [items[0], items[place]] = [items[place], items[0]];
  return { watch, items };
}
