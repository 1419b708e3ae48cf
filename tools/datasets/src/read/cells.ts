/** What a cell says, or why it cannot be used. */
import { countryCode, LIMITS } from '@watchnext/features';

/** A row with such a cell is left out and counted. */
export class BadCell extends Error {}

/** As databases and data frames write that there is nothing. */
const NOTHING = new Set(['', 'NULL', 'null', '\\N', 'NaN', 'nan', 'None', '<NA>']);

export const isNothing = (cell: string) => NOTHING.has(cell);

/** Ids are used as they stand, spaces and emoji included; control characters end up in no store. */
export function identifier(column: string, text: string): string {
  if (text === '') throw new BadCell(`${column} is empty`);
  if (text.length > LIMITS.idCharacters)
    throw new BadCell(`${column} has ${text.length} characters, more than ${LIMITS.idCharacters}`);
  if (/[\u0000-\u001f\u007f-\u009f]/.test(text)) throw new BadCell(`${column} has control characters: ${quote(text)}`);
  return text;
}

/** A whole number that went through a float, as all of a column do that has gaps. */
const WHOLE_FLOAT = /(?<=^-?\d+)\.0+$/;

/** "33.0" is 33. */
export const withoutFraction = (cell: string) => cell.replace(WHOLE_FLOAT, '');

export function integer(column: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new BadCell(`${column} is no whole number: ${quote(text)}`);
  return Number(text);
}

/** Finite and at least 0. */
export function real(column: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new BadCell(`${column} is no number of at least 0: ${quote(text)}`);
  return value;
}

/** Watching videos on line is younger than this. */
export const EARLIEST_MS = Date.UTC(1995, 0);

/** @param latestMs no log knows the future */
export function time(column: string, atMs: number, latestMs: number): number {
  if (atMs >= EARLIEST_MS && atMs <= latestMs) return Math.floor(atMs);
  const day = Math.abs(atMs) <= LIMITS.timeMs ? new Date(atMs).toISOString().slice(0, 10) : String(atMs);
  const hint = atMs < EARLIEST_MS ? 'before 1995: is it in another unit?' : 'in the future';
  throw new BadCell(`${column} is ${day}, ${hint}`);
}

/** Text that an event may carry beside its ids: a device, a surface. */
export function text(column: string, cell: string): string {
  return cell === '' ? '' : identifier(column, cell);
}

/** In either case, as the collector takes it. */
export function country(column: string, cell: string): string {
  const code = countryCode(cell);
  if (code === '' && cell !== '') throw new BadCell(`${column} is not two letters (ISO 3166-1), as DE: ${quote(cell)}`);
  return code;
}

/** Splits a line without a header. */
export function parts(line: string, separator: string, count: number): string[] {
  const found = line.split(separator);
  if (found.length !== count)
    throw new BadCell(
      `${found.length} ${found.length === 1 ? 'part' : 'parts'} between ${JSON.stringify(separator)} where there should be ${count}`,
    );
  return found;
}

export const quote = (text: string) => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
