/** Parsers of the values of options. */
import { accessSync, constants } from 'node:fs';
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
 * Parses the path of a file that a command line writes at its end: minutes of work must not be what finds out that it cannot.
 * @throws InvalidArgumentError
 */
export function newFile(path: string): string {
  const folder = dirname(resolve(path));
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code;
    throw new InvalidArgumentError(`the folder ${folder} cannot be written to (${reason}).`);
  }
  return path;
}

/**
 * Parses the path of a folder that a command line works in or writes to, and makes it.
 * @throws InvalidArgumentError
 */
export function madeFolder(path: string): string {
  try {
    makeFolder(path);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code;
    throw new InvalidArgumentError(`the folder ${path} cannot be made or written to (${reason}).`);
  }
  return path;
}
