/** Parsers of the values of options. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { makeFolder } from '@watchnext/folder-lock';
import { InvalidArgumentError } from 'commander';

/** @returns a parser, which throws InvalidArgumentError for what is no whole number in [minimum, maximum] */
export function wholeNumber(minimum = 0, maximum = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const range = maximum < Number.MAX_SAFE_INTEGER ? `from ${minimum} to ${maximum}` : `of at least ${minimum}`;
  return (text) => {
    const value = Number(text);
    if (!/^\s*\d+\s*$/.test(text) || value < minimum || value > maximum)
      throw new InvalidArgumentError(`it must be a whole number ${range}.`);
    return value;
  };
}

/**
 * Parses the path of a file that a command line writes at its end: hours of work must not be what finds out that it cannot. A file that is there
 * already is one that may be replaced.
 *
 * @throws InvalidArgumentError
 */
export function newFile(path: string): string {
  const file = resolve(path);
  const folder = dirname(file);
  const noFolder = `the folder ${folder} cannot be written to`;
  const there = refusingBy(noFolder, () => statSync(file, { throwIfNoEntry: false }));
  if (there?.isDirectory() || /[\\/]$/.test(path)) throw new InvalidArgumentError(`${path} is a folder, not a file.`);
  if (there) refusingBy(`the file ${path} cannot be written to`, () => accessSync(file, constants.W_OK));
  else refusingBy(noFolder, () => accessSync(folder, constants.W_OK));
  return path;
}

/**
 * Parses the path of a folder that a command line works in or writes to, and makes it.
 * @throws InvalidArgumentError
 */
export function madeFolder(path: string): string {
  refusingBy(`the folder ${path} cannot be made or written to`, () => makeFolder(path));
  return path;
}

/** @throws InvalidArgumentError with the code of what `work` throws */
function refusingBy<Result>(message: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw new InvalidArgumentError(`${message} (${(error as NodeJS.ErrnoException).code}).`);
  }
}
