/** A mapping proposed from a sample: by the names that such columns go by, and by what stands in them. */
import { percent } from '@watchnext/command-line';
import { countryCode } from '@watchnext/features';
import { median } from '@watchnext/learning';
import { isNothing, quote } from '../read/cells';
import { type Field, type Fit, isMeasured, isNamed, isPartlyNamed, NAMES, unitOfWord, wordsOf } from './column-names';
import { dateTime, isoTime } from './interpret';
import { doubtOf, type Length, unitsOf } from './length-units';
import type { Mapping, TimeUnit } from './mapping';
import type { Sample } from './sample';

export interface Proposal {
  readonly mapping: Mapping;
  /** Why each column was taken, as "userId: user_id (name)". */
  readonly reasons: readonly string[];
  /** Columns that it does not use. */
  readonly unused: readonly string[];
  /** What would go unnoticed, and spoil what is learned; undefined where nothing would. */
  readonly warning: string | undefined;
  /** What only a person can tell; undefined where nothing is. */
  readonly doubt: string | undefined;
}

/** What a mapping must have could not be found. */
export class NoProposalError extends Error {
  /** @param hint why a column that seems to be one of them is not */
  constructor(lacking: readonly string[], hint = '') {
    super(`cannot tell which column is ${lacking.join(', nor which is ')}${hint}`);
    this.name = 'NoProposalError';
  }
}

/** @throws NoProposalError */
export function proposeMapping(sample: Omit<Sample, 'badRows'>): Proposal {
  const chooser = new Chooser(sample);
  const userId = chooser.take('userId', isFilled);
  const videoId = chooser.take('videoId', isFilled);
  const time = chooser.time('time');
  const lacking = [
    ...(userId === undefined ? ['the user'] : []),
    ...(videoId === undefined ? ['the video'] : []),
    ...(time === undefined ? ['the time'] : []),
  ];
  if (userId === undefined || videoId === undefined || time === undefined)
    throw new NoProposalError(lacking, time === undefined ? chooser.timeHint() : '');
  const watchSeconds = chooser.duration('watchSeconds');
  const rating = watchSeconds === undefined ? chooser.rating() : undefined;
  const clicked = chooser.take('clicked', isYesOrNo);
  const impressions =
    clicked === undefined
      ? {}
      : { clicked, requestId: chooser.take('requestId', isFilled), surface: chooser.take('surface') };
  const found = {
    ...impressions,
    country: chooser.take('country', areCountries),
    device: chooser.take('device'),
    title: chooser.take('title'),
    channelId: chooser.take('channelId'),
    topics: chooser.topics(),
    durationSeconds: chooser.duration('durationSeconds'),
    uploadedAt: chooser.time('uploadedAt'),
  };
  const lengths = [watchSeconds, found.durationSeconds].filter((one) => one !== undefined);
  const units = unitsOf(lengths);
  const inUnit = (one: Length | undefined) => one && { column: one.column, unit: one.named ?? units.unit };
  const log = {
    userId,
    videoId,
    time,
    watchSeconds: inUnit(watchSeconds),
    rating,
    ...found,
    durationSeconds: inUnit(found.durationSeconds),
  };
  for (const { column, named } of lengths)
    chooser.reasons.push(`${column}: in ${named ?? units.unit}, ${named ? 'by its name' : units.reasons.join(', ')}`);
  // As it is printed: without what was not found.
  const mapping = JSON.parse(JSON.stringify({ log })) as Mapping;
  const warning = watchSeconds === undefined && rating === undefined ? chooser.lengthWarning() : undefined;
  return { mapping, reasons: chooser.reasons, unused: chooser.unused, warning, doubt: doubtOf(lengths, units) };
}

type Test = (cells: readonly string[]) => boolean;
class Chooser {
  readonly reasons: string[] = [];
  private readonly left: Set<string>;

  constructor(private readonly sample: Omit<Sample, 'badRows'>) {
    this.left = new Set(sample.columns);
  }

  get unused(): string[] {
    return [...this.left];
  }

  /** The column whose name fits best and whose cells pass. */
  take(field: Field, test: Test = () => true, fits: Fit = isNamed): string | undefined {
    for (const name of NAMES[field]) {
      for (const column of this.left) {
        if (!fits(column, name) || !test(this.cells(column))) continue;
        this.left.delete(column);
        this.reasons.push(`${field}: ${column}, by its name`);
        return column;
      }
    }
    return undefined;
  }

  time(field: 'time' | 'uploadedAt'): { column: string; unit: TimeUnit } | undefined {
    const named = this.take(field, holdsTimes, isMeasured);
    if (named !== undefined) return this.withTimeUnit(named);
    if (field !== 'time') return undefined;
    // Nothing else looks like one.
    const column = [...this.left].find((name) => areTimesForSure(this.cells(name)));
    if (column === undefined) return undefined;
    this.left.delete(column);
    this.reasons.push(`${field}: ${column}, since it holds times`);
    return this.withTimeUnit(column);
  }

  /** Of a log whose time was not found. */
  timeHint(): string {
    const [column] = this.leftByName('time');
    if (column === undefined) return '';
    const example = this.cells(column).find(isFilledCell) ?? '';
    return (
      `: ${column} is by its name, but of its cells, as ${quote(example)}, fewer than ${percent(MOST)} are times in a unit that can be told ` +
      '(seconds, ms, us or ns since 1970, 2026-11-25 10:00:00, 25/11/2026 10:00 with a day beyond the twelfth)'
    );
  }

  duration(field: 'watchSeconds' | 'durationSeconds'): Length | undefined {
    const column = this.take(field, isLength, isMeasured) ?? this.take(field, isLength, isPartlyNamed);
    if (column === undefined) return undefined;
    const lengths = this.cells(column).filter(isFilledCell).map(Number);
    const named = wordsOf(column)
      .map(unitOfWord)
      .find((unit) => unit !== undefined);
    return { field, column, median: lengths.length > 0 ? median(lengths) : 0, named };
  }

  rating(): Mapping['log']['rating'] {
    const column = this.take('rating', isAmount);
    if (column === undefined) return undefined;
    const values = this.cells(column).filter(isFilledCell).map(Number);
    const largest = Math.max(...values);
    const highest = [1, 5, 10, 100].find((top) => largest <= top) ?? largest;
    const lowest = Math.min(...values, highest === 1 || highest === 100 ? 0 : 1);
    this.reasons.push(`  from ${lowest} to ${highest}, by what the sample holds`);
    return { column, lowest, highest };
  }

  /** Of a log in which no column says how long was watched. */
  lengthWarning(): string {
    const amounts = this.unused.filter((column) => isLength(this.cells(column)));
    const spoilt = this.leftByName('watchSeconds').find((column) => !holdsTimes(this.cells(column)));
    if (spoilt !== undefined) {
      const cells = this.cells(spoilt);
      const bad = cells.filter((cell) => !isReadableAmount(cell));
      return (
        `${spoilt} tells by its name how long was watched, but ${percent(bad.length / cells.length)} of its cells are no number of at least 0, ` +
        `as ${quote(bad.find(isFilledCell) ?? bad[0])}. So it was not taken, and every watch will count as the whole video. ` +
        'Mend these cells, or name it as watchSeconds in the mapping (docs/bring-your-data.md), which leaves rows with such cells out'
      );
    }
    return (
      'No column was taken for how long was watched, so every watch will count as the whole video. ' +
      `If one tells${amounts.length > 0 ? `, as ${amounts.join(' or ')} may` : ''}, add watchSeconds to the mapping (docs/bring-your-data.md)`
    );
  }

  /** Columns with such a name that were not taken, for what stands in them. */
  private leftByName(field: Field): string[] {
    return this.unused.filter((column) =>
      NAMES[field].some((name) => isMeasured(column, name) || isPartlyNamed(column, name)),
    );
  }

  topics(): { column: string; separator: string } | undefined {
    const column = this.take('topics');
    if (column === undefined) return undefined;
    const text = this.cells(column).join('\n');
    const separator = ['|', ';', ','].find((mark) => text.includes(mark)) ?? '|';
    return { column, separator };
  }

  private withTimeUnit(column: string): { column: string; unit: TimeUnit } {
    const unit = this.sample.times.has(column) ? 'ms' : (timeUnitOf(this.cells(column)) as TimeUnit);
    this.reasons.push(`  in ${unit}, by what stands in it`);
    return { column, unit };
  }

  private cells(column: string): string[] {
    const index = this.sample.columns.indexOf(column);
    return this.sample.rows.map((row) => row[index]);
  }
}

const isFilledCell = (cell: string) => !isNothing(cell);
/** Nearly all: a few bad rows must not hide a column. */
const MOST = 0.9;

const mostly = (cells: readonly string[], test: (cell: string) => boolean) =>
  cells.length > 0 && cells.filter(test).length >= MOST * cells.length;

const isFilled: Test = (cells) => mostly(cells, isFilledCell);
const isYesOrNo: Test = (cells) => mostly(cells, (cell) => /^(0|1|0\.0|1\.0|true|false|yes|no|t|f|y|n)$/i.test(cell));
const areCountries: Test = (cells) => mostly(cells.filter(isFilledCell), (cell) => countryCode(cell) !== '');
const isAmount: Test = (cells) => mostly(cells.filter(isFilledCell), (cell) => Number(cell) >= 0);
const isReadableAmount = (cell: string) => isFilledCell(cell) && Number(cell) >= 0;
const holdsTimes: Test = (cells) => timeUnitOf(cells) !== undefined;
/** Ids of 19 digits, as Twitter has them, would be times in nanoseconds, if no name told. */
const areTimesForSure: Test = (cells) => holdsTimes(cells) && timeUnitOf(cells) !== 'ns';
const isLength: Test = (cells) => isAmount(cells) && !holdsTimes(cells);

/** "2026-10-01 10:00:00" and "Thu, 01 Oct 2026 10:00:00 GMT": both are read by the unit `iso`. */
const ISO = /^(\d{4}-\d{2}|([a-z]{3}, )?\d{1,2} [a-z]{3} \d{4} \d{2}:\d{2})/i;

/** From 1995 to 2100, in one of the units. */
function timeUnitOf(cells: readonly string[]): TimeUnit | undefined {
  const filled = cells.filter(isFilledCell);
  const lies = (low: number, high: number) => (cell: string) => Number(cell) >= low && Number(cell) <= high;
  const [fromSeconds, toSeconds] = [Date.UTC(1995, 0) / 1_000, Date.UTC(2100, 0) / 1_000];
  if (mostly(filled, lies(fromSeconds, toSeconds))) return 's';
  if (mostly(filled, lies(fromSeconds * 1e3, toSeconds * 1e3))) return 'ms';
  if (mostly(filled, lies(fromSeconds * 1e6, toSeconds * 1e6))) return 'us';
  if (mostly(filled, lies(fromSeconds * 1e9, toSeconds * 1e9))) return 'ns';
  if (mostly(filled, (cell) => ISO.test(cell) && !Number.isNaN(isoTime(cell)))) return 'iso';
  const fits = (['dmy', 'mdy'] as const).filter((unit) =>
    mostly(filled, (cell) => !Number.isNaN(dateTime(cell, unit))),
  );
  // Of days up to the twelfth both are.
  return fits.length === 1 ? fits[0] : undefined;
}
