export { endOnUsage, EXIT_USAGE } from './end-on-usage';
export { madeFolder, newFile, wholeNumber } from './option-values';
