export { endOnUsage, EXIT_USAGE } from './end-on-usage';
export { newFile, wholeNumber } from './option-values';
