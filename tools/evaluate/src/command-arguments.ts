/** Parsers of option values. */
import { dirname } from 'node:path';
import { madeFolder, newFile, wholeNumber } from '@watchnext/command-line';
import { InvalidArgumentError } from 'commander';

export const count = wholeNumber(1);

export function counts(text: string): number[] {
  return text.split(',').map((part) => count(part));
}

/** Of a Markdown file: its folder is made, as figures go there too. @throws InvalidArgumentError */
export function markdownFile(path: string): string {
  madeFolder(dirname(path));
  return newFile(path);
}

export function moment(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new InvalidArgumentError('a time as 2022-05-04 or 2022-05-04T12:00Z');
  return ms;
}
