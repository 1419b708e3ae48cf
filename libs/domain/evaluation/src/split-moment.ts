import { DAY_MS, HOUR_MS } from '@watchnext/features';

/** A day at the end of the log counts as one once this much of it is there; a shorter rest joins the day before. */
const LEAST_OF_LAST_DAY_MS = 12 * HOUR_MS;
/** Share of the time that is held out where the log has too few days. */
const HELD_OUT_SHARE = 0.2;

/**
 * A last day is a stray, and no end of the log, beyond a gap of at least so many days and so many times the longest other one, if it
 * holds no more than this share of the log: a row that was dated by another clock than the rest, as today's in a log that ended years ago.
 */
const STRAY = { gapDays: 30, gapFactor: 4, share: 0.01 };

/** Where the held-out days begin, and by which rule. */
export interface SplitMoment {
  readonly evaluatedFromMs: number;
  readonly rule: string;
}

/**
 * The last `evaluationDays` whole UTC days up to `toMs`, the log's last event with a label; at least as many days must be left to train on,
 * otherwise the last 20% of the time is held out.
 */
export function splitMoment(fromMs: number, toMs: number, evaluationDays: number): SplitMoment {
  const lastDayMs = Math.floor((toMs - LEAST_OF_LAST_DAY_MS) / DAY_MS) * DAY_MS;
  const evaluatedFromMs = lastDayMs - (evaluationDays - 1) * DAY_MS;
  if (evaluatedFromMs - fromMs >= evaluationDays * DAY_MS) {
    return { evaluatedFromMs, rule: `last ${evaluationDays} UTC day${evaluationDays === 1 ? '' : 's'}` };
  }
  return { evaluatedFromMs: Math.round(toMs - HELD_OUT_SHARE * (toMs - fromMs)), rule: 'last 20% of the time' };
}

/** The time of the log's newest event, but for a stray last day. @param timesMs in any order, at least one */
export function endOfLog(timesMs: Iterable<number>): number {
  const days = new Map<number, { count: number; newestMs: number }>();
  let count = 0;
  for (const atMs of timesMs) {
    const number = Math.floor(atMs / DAY_MS);
    const day = days.get(number);
    days.set(number, { count: (day?.count ?? 0) + 1, newestMs: Math.max(day?.newestMs ?? -Infinity, atMs) });
    count += 1;
  }
  const numbers = [...days.keys()].sort((a, b) => a - b);
  const last = days.get(numbers[numbers.length - 1])!;
  if (numbers.length < 2) return last.newestMs;
  const gaps = numbers.slice(1).map((number, i) => number - numbers[i]);
  const lastGap = gaps[gaps.length - 1];
  const longestOther = gaps.slice(0, -1).reduce((longest, gap) => Math.max(longest, gap), 1);
  const isStray =
    lastGap >= Math.max(STRAY.gapDays, STRAY.gapFactor * longestOther) && last.count <= STRAY.share * count;
  return (isStray ? days.get(numbers[numbers.length - 2])! : last).newestMs;
}
