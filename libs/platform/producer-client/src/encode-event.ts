import { Event } from '@watchnext/contract';
import { InvalidEventError } from './errors';

/** @throws InvalidEventError for what the wire has no form for: the encoder's own errors name no field */
export function encodeEvent(event: Event): Uint8Array {
  const { occurredAtMs } = event;
  if (!Number.isSafeInteger(occurredAtMs))
    throw new InvalidEventError(`occurredAtMs is whole milliseconds since 1970, and ${occurredAtMs} is not: round it`);
  try {
    return Event.encode(event).finish();
  } catch (error) {
    throw new InvalidEventError((error as Error).message, { cause: error });
  }
}
