/** Waits that an abort ends. In `./testing`: the one loop in which specs wait. */
export { unlessAborted } from './unless-aborted';
