/** Parsers of option values. */
import { dirname } from 'node:path';
import { madeFolder, newFile, wholeNumber } from '@watchnext/command-line';

export const count = wholeNumber(1);

export function counts(text: string): number[] {
  return text.split(',').map((part) => count(part));
}

/** Of a Markdown file: its folder is made, as figures go there too. @throws InvalidArgumentError */
export function markdownFile(path: string): string {
  madeFolder(dirname(path));
  return newFile(path);
}
