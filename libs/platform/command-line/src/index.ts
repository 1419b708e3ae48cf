export { endOnUsage, EXIT_USAGE } from './end-on-usage';
export { LimitedLines } from './limited-lines';
export { unlessAborted } from './unless-aborted';
export { madeFolder, moment, newFile, wholeNumber } from './option-values';
