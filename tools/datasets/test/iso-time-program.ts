/** Reads its arguments as times, in the zone of its environment. Usage: iso-time-program.ts TEXT… */
import { isoTime } from '../src/table/interpret';

export interface IsoTimeMessage {
  readonly kind: 'read';
  /** What the arguments mean by UTC; null for what is no date. */
  readonly dates: readonly (string | null)[];
  /** Of the process, in November 2026. */
  readonly zoneOffsetMinutes: number;
}

const dates = process.argv.slice(2).map((text) => {
  const atMs = isoTime(text);
  return Number.isNaN(atMs) ? null : new Date(atMs).toISOString();
});
process.send?.({ kind: 'read', dates, zoneOffsetMinutes: new Date(2026, 10, 25).getTimezoneOffset() });
