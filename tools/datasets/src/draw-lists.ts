/**
 * Lists for a log that tells only what was watched. The ranking model learns from what was shown and left, so each
 * watch is set among videos that other users watched around the same time: as popular at that moment as the watched one,
 * on average, so that neither popularity nor novelty gives the watch away.
 *
 * They are drawn from both sides of the watch in time: from its past alone a new video would never be drawn, and
 * "never watched before" would mark the watched one. Whether the user watches a drawn video later is not asked either,
 * or having been drawn would tell the future.
 */
import { createRandom } from '@watchnext/learning';
import type { TimelineRow } from './staging/timeline';

/** Watches on each side that are drawn from. */
const REACH = 1_000;
/** Videos beside the watched one: five to a list, about a screen. */
const DRAWN = 4;
const ATTEMPTS = 8 * DRAWN;
/** More lines than a file has. */
const SOURCE_SEEDS = 2 ** 36;

export interface DrawnList {
  readonly watch: TimelineRow;
  /** The watched video among the drawn ones, in the order of places. */
  readonly items: readonly TimelineRow[];
}

/** @param rows watches in order of time, in batches */
export async function* drawLists(rows: AsyncIterable<readonly TimelineRow[]>): AsyncGenerator<DrawnList[]> {
  /** A stretch of the log; the watch at `next` is the first without a list. */
  let stretch: TimelineRow[] = [];
  let next = 0;
  for await (const batch of rows) {
    stretch.push(...batch);
    const lists: DrawnList[] = [];
    while (next + REACH < stretch.length) lists.push(drawList(stretch, next++));
    if (next > 4 * REACH) {
      const passed = next - REACH;
      stretch = stretch.slice(passed);
      next -= passed;
    }
    if (lists.length > 0) yield lists;
  }
  const last: DrawnList[] = [];
  while (next < stretch.length) last.push(drawList(stretch, next++));
  if (last.length > 0) yield last;
}

function drawList(stretch: readonly TimelineRow[], at: number): DrawnList {
  const watch = stretch[at];
  // The same for the same row, whatever was read before.
  const random = createRandom(watch.source * SOURCE_SEEDS + watch.line);
  const from = Math.max(0, at - REACH);
  const span = Math.min(stretch.length, at + REACH + 1) - from;
  const items: TimelineRow[] = [watch];
  for (let attempt = 0; attempt < ATTEMPTS && items.length <= DRAWN; attempt++) {
    const drawn = stretch[from + random.nextInt(span)];
    if (drawn.userId !== watch.userId && items.every(({ videoId }) => videoId !== drawn.videoId)) items.push(drawn);
  }
  const place = random.nextInt(items.length);
  [items[0], items[place]] = [items[place], items[0]];
  return { watch, items };
}
