/** Parsers of option values. */
import { InvalidArgumentError } from 'commander';

export function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('a whole number from 1');
  return value;
}

export function counts(text: string): number[] {
  return text.split(',').map((part) => count(part.trim()));
}

export function moment(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new InvalidArgumentError('a time as 2022-05-04 or 2022-05-04T12:00Z');
  return ms;
}
