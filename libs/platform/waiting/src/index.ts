/** Waits that an abort ends, long work between whose turns the event loop has its own, and closing in order. In `./testing`: the one loop in which specs wait. */
export { afterArrivals } from './after-arrivals';
export { breathe } from './breathe';
export { closeInOrder, type Own, withOwned } from './close-in-order';
export { inTime, type TimeLimit } from './in-time';
export { aborted, onAbort } from './on-abort';
export { type Clock, inTurns, sortInTurns } from './turns';
export { unlessAborted } from './unless-aborted';
