/** What a record of the log is worth to those who read it: an event that keeps the contract, or why it is none. */
import { Event } from '@watchnext/contract';
import { refuse } from './refusal';

/** What of a record of an event topic the contract looks at. */
export interface JudgedRecord {
  readonly topic: string;
  /** The log's own time of the record. */
  readonly timestampMs: number;
  readonly value: Uint8Array;
}

/** All causes of dead letters: of records that are refused, that the log does not take again, and that states do not survive. */
export const DEAD_LETTER_CODES = [
  ...['undecodable', 'missing-field', 'invalid-field', 'too-old', 'wrong-topic'],
  ...['too-large', 'does-not-fold', 'state-unreadable'],
] as const;

export interface RecordRefusal {
  /** Machine-readable: one of `DEAD_LETTER_CODES`. */
  readonly code: string;
  /** For people; it does not repeat what a field holds. */
  readonly error: string;
}

export type JudgedEvent =
  | { readonly event: Event; readonly refusal?: undefined; readonly refused?: undefined }
  /** `refused` is what the bytes say; undefined where they are no event. */
  | { readonly event?: undefined; readonly refusal: RecordRefusal; readonly refused: Event | undefined };

/** Anybody may have written the record, past the collector: nothing in it is to be used before it was judged. */
export function judgeRecord({ topic, timestampMs, value }: JudgedRecord): JudgedEvent {
  let event: Event;
  try {
    event = Event.decode(value);
  } catch (error) {
    return { refusal: { code: 'undecodable', error: (error as Error).message }, refused: undefined };
  }
  const refusal = refuse(event, timestampMs, topic);
  if (refusal)
    return { refusal: { code: refusal.code, error: `${refusal.field}: ${refusal.message}` }, refused: event };
  return { event };
}
