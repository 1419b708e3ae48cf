/** Numbers and names that both ends of a call keep to. */

/** Of one call of retrieval or ranking. */
export const MAX_CANDIDATES = 2_000;

/** Of one batch of events, whole. */
export const MAX_BATCH_EVENTS = 1_000;
export const MAX_BATCH_BYTES = 2 ** 20;
/** As documents for people say it. */
export const BATCH_LIMITS = `${MAX_BATCH_EVENTS.toLocaleString('en-US')} events and ${MAX_BATCH_BYTES / 2 ** 20} MiB`;

/** Says who sends the events, to a collector that asks for keys. */
export const API_KEY_HEADER = 'x-api-key';
