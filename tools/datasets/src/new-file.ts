import { accessSync, constants } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';

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
