import type { Command } from 'commander';

/**
 * For options that mean something beside certain others only: who gives one is to learn that it would do nothing, not to think that it was heeded.
 *
 * @param names of options of the command, as `opts()` has them
 * @param heeded whether they mean something on this command line
 * @param what they are for, as "--dataset table"
 * @throws CommanderError with `exitOverride`; ends the process without
 */
export function refuseUnheeded(command: Command, names: readonly string[], heeded: boolean, what: string): void {
  if (heeded) return;
  const given = command.options.find(
    (option) =>
      names.includes(option.attributeName()) && command.getOptionValueSource(option.attributeName()) === 'cli',
  );
  if (given !== undefined) command.error(`error: ${given.long} is for ${what}`);
}
