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

const ISO_TIME = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(?:Z|([+-]\d{2}):?(\d{2}))?)?$/i;

/**
 * Parses a date or a time of ISO 8601; by UTC where it names no zone, so that a command means the same on every machine.
 *
 * @returns milliseconds since 1970
 * @throws InvalidArgumentError
 */
export function moment(text: string): number {
  const [, date, time = '00:00', hours, minutes] = ISO_TIME.exec(text.trim()) ?? [];
  const atMs = Date.parse(`${date}T${time}${hours === undefined ? 'Z' : `${hours}:${minutes}`}`);
  // The 30th of February would be one of March.
  if (Number.isNaN(atMs) || new Date(`${date}T00:00Z`).toISOString().slice(0, 10) !== date)
    throw new InvalidArgumentError(
      'it must be a date or a time as 2026-11-21 or 2026-11-21T00:00Z, by UTC where it names no zone.',
    );
  return atMs;
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

/** Parses the path of a file that is not there yet and can be made. @throws InvalidArgumentError */
export function newPath(path: string): string {
  newFile(path);
  if (statSync(path, { throwIfNoEntry: false }))
    throw new InvalidArgumentError(`${path} is there already: remove it, or name another.`);
  return path;
}

/** Parses a name, as an id. @throws InvalidArgumentError */
export function nonEmpty(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('it is empty: is a variable of the shell not set?');
  return text;
}

/**
 * Parses the path of a file or folder. An empty one would be the current folder, and an address a folder of that name in it: hours later somebody
 * looks for the data elsewhere.
 *
 * @throws InvalidArgumentError
 */
export function namedPath(path: string): string {
  nonEmpty(path);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path))
    throw new InvalidArgumentError('it must be a path on this machine, not an address.');
  return path;
}

/**
 * Parses the path of a folder that a command line works in or writes to, and makes it.
 * @throws InvalidArgumentError
 */
export function madeFolder(path: string): string {
  namedPath(path);
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
