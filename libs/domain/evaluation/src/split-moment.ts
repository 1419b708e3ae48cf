const MS_PER_HOUR = 3_600_000;
const MS_PER_DAY = 24 * MS_PER_HOUR;
/** A day at the end of the log counts as one once this much of it is there; a shorter rest joins the day before. */
const LEAST_OF_LAST_DAY_MS = 12 * MS_PER_HOUR;
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
  const lastDayMs = Math.floor((toMs - LEAST_OF_LAST_DAY_MS) / MS_PER_DAY) * MS_PER_DAY;
  const evaluatedFromMs = lastDayMs - (evaluationDays - 1) * MS_PER_DAY;
  if (evaluatedFromMs - fromMs >= evaluationDays * MS_PER_DAY) {
    return { evaluatedFromMs, rule: `last ${evaluationDays} UTC day${evaluationDays === 1 ? '' : 's'}` };
  }
  return { evaluatedFromMs: Math.round(toMs - HELD_OUT_SHARE * (toMs - fromMs)), rule: 'last 20% of the time' };
}
