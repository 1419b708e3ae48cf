import { DAY_MS, HOUR_MS } from '@watchnext/features';

/** A day at the end of the log counts as one once this much of it is there; a shorter rest joins the day before. */
const LEAST_OF_LAST_DAY_MS = 12 * HOUR_MS;
/** Share of the time that is held out where the log has too few days. */
const HELD_OUT_SHARE = 0.2;

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
