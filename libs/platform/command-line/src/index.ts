export { allowClosedOutput } from './closed-output';
export { endOnUsage, EXIT_USAGE } from './end-on-usage';
export { LimitedLines } from './limited-lines';
export { refuseUnheeded } from './refuse-unheeded';
export {
  SIGNAL_EXIT_CODES,
  SIGNAL_EXIT_CODES_HELP,
  stopOnSignals,
  type Stopping,
  type StopSignal,
} from './stop-on-signals';
export { duration, type ProgressOutput, type ProgressTask, startTask } from './progress';
export { printable, printableJson } from './printable';
export { madeFolder, moment, namedPath, newFile, newPath, nonEmpty, wholeNumber } from './option-values';
export { alignColumns, percent, textTable } from './text-table';
export { parsePlace } from './parse-place';
