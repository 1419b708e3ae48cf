import { DAY_MS, type DayOfLog, HOUR_MS } from '@watchnext/features';

/** A day at the end of the log counts as one once this much of it is there; a shorter rest joins the day before. */
const LEAST_OF_LAST_DAY_MS = 12 * HOUR_MS;
/** Share of the time that is held out where the log has too few days. */
const HELD_OUT_SHARE = 0.2;

/**
 * Rows before or behind all others that were dated by another clock, as today's in a log that ended years ago: no more than this share of
 * the log in all, beyond a gap of at least so many days, and of so many times the longest that most of the log has.
 */
const STRAYS = { share: 0.01, gapDays: 30, gapFactor: 4 };

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

/** The times of a log's oldest and newest event, but for strays. */
export interface LogSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** @param timesMs in any order, at least one */
export function spanOfLog(timesMs: Iterable<number>): LogSpan {
  const days: { firstMs: number; lastMs: number; count: number }[] = [];
  for (const atMs of Float64Array.from(timesMs).sort()) {
    const last = days.at(-1);
    if (last && dayOf(last.firstMs) === dayOf(atMs)) {
      last.lastMs = atMs;
      last.count += 1;
    } else days.push({ firstMs: atMs, lastMs: atMs, count: 1 });
  }
  return spanOfDays(days);
}

/** @param days ascending, at least one */
export function spanOfDays(days: readonly DayOfLog[]): LogSpan {
  const eventCount = days.reduce((sum, { count }) => sum + count, 0);
  const mostStrays = Math.floor(STRAYS.share * eventCount);
  const gapAfter = (index: number) => dayOf(days[index + 1].firstMs) - dayOf(days[index].firstMs);
  /** The day of the event that has so many before it. */
  const dayWith = (before: number) => {
    let index = 0;
    for (let passed = days[0].count; passed <= before; passed += days[index].count) index += 1;
    return index;
  };
  let [from, to] = [dayWith(mostStrays), dayWith(eventCount - 1 - mostStrays)];
  let longestGap = 1;
  for (let index = from; index < to; index++) longestGap = Math.max(longestGap, gapAfter(index));
  const leastGap = Math.max(STRAYS.gapDays, STRAYS.gapFactor * longestGap);
  while (from > 0 && gapAfter(from - 1) < leastGap) from--;
  while (to < days.length - 1 && gapAfter(to) < leastGap) to++;
  return { fromMs: days[from].firstMs, toMs: days[to].lastMs };
}

const dayOf = (atMs: number) => Math.floor(atMs / DAY_MS);
