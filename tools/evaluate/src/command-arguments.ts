/** Parsers of option values. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { madeFolder, newFile, wholeNumber } from '@watchnext/command-line';
import { InvalidArgumentError } from 'commander';

export const count = wholeNumber(1);

/** Each once: of seeds, one that came twice would count as two that agree. @throws InvalidArgumentError */
export function counts(text: string): number[] {
  const all = text.split(',').map((part) => count(part));
  const twice = all.find((one, i) => all.indexOf(one) < i);
  if (twice !== undefined) throw new InvalidArgumentError(`${twice} is there twice.`);
  return all;
}

/** Of an option that may be given several times. */
export const repeated = (one: string, all: readonly string[] = []): string[] => [...all, one];

/**
 * "setting=value" of an option: the value as JSON, or else as the text that it is.
 * @returns undefined of what names no setting or gives no value
 */
export function settingOf(assignment: string): readonly [name: string, value: unknown] | undefined {
  const at = assignment.indexOf('=');
  if (at < 1) return undefined;
  const [name, text] = [assignment.slice(0, at), assignment.slice(at + 1)];
  try {
    return [name, JSON.parse(text)];
  } catch {
    return [name, text];
  }
}

/** Of a file that is read after what takes long. @throws InvalidArgumentError */
export function readableFile(path: string): string {
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    throw new InvalidArgumentError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
  if (statSync(path).isDirectory()) throw new InvalidArgumentError(`${path} is a folder, not a file.`);
  return path;
}

/** Of a Markdown file: its folder is made, as figures go there too. @throws InvalidArgumentError */
export function markdownFile(path: string): string {
  madeFolder(dirname(path));
  return newFile(path);
}
