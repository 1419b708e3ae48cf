import type { CommanderError } from 'commander';

/** Of a command line that cannot be used, so that a script does not take it for a failure of the work (Commander's own is 1). */
export const EXIT_USAGE = 2;

/**
 * For `Command.exitOverride`, before subcommands are made, which take it over. Called once Commander has written what there is to say, the help or
 * what is wrong, and before any work has begun: nothing is open that the end of the process could cut off.
 */
export function endOnUsage({ exitCode }: CommanderError): never {
  process.exit(exitCode === 0 ? 0 : EXIT_USAGE);
}
