/** Waits that an abort ends, and long work between whose turns the event loop has its own. In `./testing`: the one loop in which specs wait. */
export { breathe } from './breathe';
export { onAbort } from './on-abort';
export { type Clock, inTurns, sortInTurns } from './turns';
export { unlessAborted } from './unless-aborted';
