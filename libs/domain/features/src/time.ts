export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Events of one UTC day: at least one. */
export interface DayOfLog {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
}
