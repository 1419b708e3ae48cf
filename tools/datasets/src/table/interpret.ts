/** Cells of a user's own table, in the ways that people write them. */
import { createHash } from 'node:crypto';
import { Gender } from '@watchnext/contract';
import { LIMITS } from '@watchnext/features';
import { BadCell, quote, real, time } from '../read/cells';
import type { DurationUnit, TimeUnit } from './mapping';

const TRUE = new Set(['1', '1.0', 'true', 't', 'yes', 'y']);
const FALSE = new Set(['', '0', '0.0', 'false', 'f', 'no', 'n']);
const GENDERS: Readonly<Record<string, Gender>> = {
  '': Gender.UNSPECIFIED,
  f: Gender.FEMALE,
  female: Gender.FEMALE,
  m: Gender.MALE,
  male: Gender.MALE,
};
export const SECONDS_PER: Readonly<Record<DurationUnit, number>> = { s: 1, ms: 1 / 1_000, min: 60 };
/** Of dates, with how one of them looks. */
const DATES = { iso: '2026-11-25T10:00:00Z', dmy: '25/11/2026 10:00', mdy: '11/25/2026 10:00' } as const;
type DateUnit = keyof typeof DATES;
const MS_PER: Readonly<Record<Exclude<TimeUnit, DateUnit | 'ns'>, number>> = { s: 1_000, ms: 1, us: 1 / 1_000 };
/** "2013-02-28 14:38:27" and the like; without a zone it is UTC. */
const DATE = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?$/;
/** Else `Date.parse` takes the first of three numbers for the month, and some would say the day. */
const YEAR_FIRST = /^\d{4}\D/;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH_NAME = new RegExp(`\\b(?:${MONTHS.join('|')})`, 'i');
/** Month and day, or day and month, as they stand in dates that begin with the year or name the month. */
const MONTH_DAY = /^\d{4}\D(?<month>\d{1,2})\D(?<day>\d{1,2})(?!\d)/;
const DAY_NAMED_MONTH = new RegExp(`(?<![:\\d])(?<day>\\d{1,2})[ -]+(?<month>${MONTHS.join('|')})`, 'i');
const NAMED_MONTH_DAY = new RegExp(`\\b(?<month>${MONTHS.join('|')})[a-z]*\\.?[ -]+(?<day>\\d{1,2})(?![:\\d])`, 'i');
/** Two numbers before the year, and the time of day. */
const YEAR_LAST = /^(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:(?:, *| +|T)(.+))?$/;
/** As dates with dots have it. */
const DOTTED_TIME = /^(\d{1,2})\.(\d{2})(?:\.(\d{2}))?(?![.\d])/;
/** As `Date.parse` knows zones; an offset follows a time of day, as "-05" in "2026-1-05" does not. */
const ZONE = /Z$|(?<![a-z])(?:UTC?|GMT|[ECMP][SD]T)\b|:.*[+-]\d{1,2}(?::?\d{2})?(?:\s*\(.*\))?$/i;

export function boolean(column: string, text: string): boolean {
  const word = text.toLowerCase();
  if (TRUE.has(word)) return true;
  if (FALSE.has(word)) return false;
  throw new BadCell(`${column} is neither yes nor no: ${quote(text)}`);
}

export function gender(text: string): Gender {
  return GENDERS[text.toLowerCase()] ?? Gender.OTHER;
}

/** Milliseconds since 1970. @param times columns that hold times as such, in milliseconds */
export function moment(
  { column, unit }: { readonly column: string; readonly unit: TimeUnit },
  text: string,
  times: ReadonlySet<string>,
  nowMs: number,
): number {
  if (text === '') throw new BadCell(`${column} is empty`);
  if (times.has(column)) return time(column, Number(text), nowMs);
  if (isDateUnit(unit)) {
    const atMs = unit === 'iso' ? isoTime(text) : dateTime(text, unit);
    if (!Number.isNaN(atMs)) return time(column, atMs, nowMs);
    const remedy = unit === 'iso' && YEAR_LAST.test(text.trim()) ? '; is its unit dmy, the day first, or mdy?' : '';
    throw new BadCell(`${column} is no date as ${DATES[unit]}: ${quote(text)}${remedy}`);
  }
  const value = Number(text);
  if (!Number.isFinite(value)) throw new BadCell(`${column} is no number of ${unit} since 1970: ${quote(text)}`);
  // Of 19 digits a number has 16 right: by whole microseconds none falls below its millisecond.
  return time(column, unit === 'ns' ? Math.round(value / 1_000) / 1_000 : value * MS_PER[unit], nowMs);
}

/** Milliseconds since 1970, by UTC where no zone stands; NaN for what is no date. */
export function isoTime(text: string): number {
  const date = text.trim();
  const atMs = parsed(date);
  return isDay(date, new Date(atMs).getUTCFullYear()) ? atMs : Number.NaN;
}

function parsed(date: string): number {
  if (DATE.test(date)) return Date.parse(`${date.replace(' ', 'T')}${date.length > 10 ? 'Z' : ''}`);
  if (!YEAR_FIRST.test(date) && !MONTH_NAME.test(date)) return Number.NaN;
  // Date.parse would take the zone of this machine.
  return Date.parse(ZONE.test(date) ? date : `${date} UTC`);
}

/** `Date.parse` takes 30 February for 2 March. @param year a zone may have made it the next one, but not in February */
function isDay(date: string, year: number): boolean {
  const found = [MONTH_DAY, DAY_NAMED_MONTH, NAMED_MONTH_DAY]
    .map((form) => form.exec(date))
    .find((one) => one !== null);
  if (found === undefined) return true;
  const { month, day } = found.groups as { readonly month: string; readonly day: string };
  const named = MONTHS.indexOf(month.toLowerCase());
  const lastDay = new Date(Date.UTC(year, named < 0 ? Number(month) : named + 1, 0)).getUTCDate();
  return Number(day) <= lastDay;
}

const isDateUnit = (unit: TimeUnit): unit is DateUnit => unit in DATES;

/** The same of a date whose year stands last. */
export function dateTime(text: string, unit: 'dmy' | 'mdy'): number {
  const found = YEAR_LAST.exec(text.trim());
  if (found === null) return Number.NaN;
  const [, first, , second, year, timeOfDay = ''] = found;
  const [day, month] = unit === 'dmy' ? [first, second] : [second, first];
  const time = timeOfDay.replace(
    DOTTED_TIME,
    (_, hour: string, minute: string, second = '00') => `${hour}:${minute}:${second}`,
  );
  return isoTime(`${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')} ${time}`);
}

/** At most what an event may carry. */
export function seconds(mapped: { readonly column: string; readonly unit: DurationUnit }, text: string): number {
  const value = real(mapped.column, text) * SECONDS_PER[mapped.unit];
  if (value > LIMITS.positionSeconds)
    throw new BadCell(`${mapped.column} is ${Math.round(value)} s, more than a week: is it in another unit?`);
  return value;
}

/** An id that may have grown too long from its parts. */
export function shortened(id: string): string {
  if (id.length <= 100) return id;
  return `${id.slice(0, 40)}#${createHash('sha256').update(id).digest('hex').slice(0, 32)}`;
}
