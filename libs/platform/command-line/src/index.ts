export { endOnUsage, EXIT_USAGE } from './end-on-usage';
export { madeFolder, moment, newFile, wholeNumber } from './option-values';
