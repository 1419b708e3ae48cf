/** What the exit code says; `--help` tells it too. */
import { EXIT_USAGE, SIGNAL_EXIT_CODES_HELP } from '@watchnext/command-line';
import { DatasetError } from '@watchnext/datasets';
import { EventArchiveError } from '@watchnext/event-archive';
import { NothingToReplayError } from '@watchnext/offline';
import { EvaluationDataError } from './data/watch-data';

export const EXIT_CODES = { failed: 1, usage: EXIT_USAGE, data: 3 } as const;

export const EXIT_CODES_HELP = `
Exit codes: 0 done; 1 something failed; 2 a command line that cannot be used; 3 data that cannot be read, or not be
evaluated on; ${SIGNAL_EXIT_CODES_HELP}.`;

/** A command line that cannot be used, found only when its options are looked at together. */
export class UsageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UsageError';
  }
}

const OF_DATA = [EvaluationDataError, DatasetError, NothingToReplayError, EventArchiveError];

export function exitCode(error: Error): number {
  if (error instanceof UsageError) return EXIT_CODES.usage;
  return OF_DATA.some((kind) => error instanceof kind) ? EXIT_CODES.data : EXIT_CODES.failed;
}
