/** A mapping proposed from a sample: by the names that such columns go by, and by what stands in them. */
import { isoTime } from './interpret';
import type { DurationUnit, Mapping, TimeUnit } from './mapping';
import type { Sample } from './sample';

export interface Proposal {
  readonly mapping: Mapping;
  /** Why each column was taken, as "userId: user_id (name)". */
  readonly reasons: readonly string[];
}

/** What a mapping must have could not be found. */
export class NoProposalError extends Error {
  constructor(readonly lacking: readonly string[]) {
    super(`cannot tell which column is ${lacking.join(', nor which is ')}`);
    this.name = 'NoProposalError';
  }
}

/** Best first; whole words of a column's name, as "user_id" and "userId" have two. */
const NAMES = {
  userId: [
    'user id',
    'userid',
    'user',
    'uid',
    'member id',
    'account id',
    'customer id',
    'viewer id',
    'visitor id',
    'profile id',
    'session id',
    'session',
  ],
  videoId: [
    'video id',
    'videoid',
    'video',
    'item id',
    'itemid',
    'item',
    'movie id',
    'movieid',
    'movie',
    'film id',
    'content id',
    'asset id',
    'media id',
    'episode id',
    'track id',
    'article id',
    'product id',
    'song id',
  ],
  time: [
    'time ms',
    'timestamp',
    'event time',
    'occurred at',
    'watched at',
    'viewed at',
    'started at',
    'created at',
    'datetime',
    'time',
    'date',
    'ts',
  ],
  watchSeconds: [
    'watch seconds',
    'watch time',
    'play time',
    'play time ms',
    'watched seconds',
    'watch duration',
    'play duration',
    'view time',
    'dwell time',
    'dwell',
    'listen time',
    'position seconds',
    'seconds watched',
    'watch ms',
    'watch',
    'seconds',
  ],
  rating: ['rating', 'stars', 'score'],
  clicked: ['is click', 'clicked', 'click', 'is watched', 'watched', 'is view'],
  requestId: ['request id', 'impression list id', 'page id'],
  surface: ['surface', 'tab', 'placement', 'page type'],
  country: ['country', 'country code'],
  device: ['device', 'device type', 'platform'],
  title: ['title', 'video title', 'movie title', 'name'],
  channelId: ['channel id', 'channel', 'author id', 'author', 'creator id', 'artist id', 'uploader'],
  topics: ['topics', 'genres', 'genre', 'tags', 'tag', 'categories', 'category', 'topic'],
  durationSeconds: [
    'duration seconds',
    'duration',
    'duration ms',
    'video duration',
    'video length',
    'length',
    'runtime',
  ],
  uploadedAt: ['uploaded at', 'upload time', 'upload dt', 'published at', 'release date', 'publish time'],
} as const;

type Field = keyof typeof NAMES;

/** @throws NoProposalError */
export function proposeMapping(sample: Sample): Proposal {
  const chooser = new Chooser(sample);
  const userId = chooser.take('userId', isFilled);
  const videoId = chooser.take('videoId', isFilled);
  const time = chooser.time('time');
  const lacking = [
    ...(userId === undefined ? ['the user'] : []),
    ...(videoId === undefined ? ['the video'] : []),
    ...(time === undefined ? ['the time'] : []),
  ];
  if (userId === undefined || videoId === undefined || time === undefined) throw new NoProposalError(lacking);
  const watchSeconds = chooser.duration('watchSeconds', 600);
  const rating = watchSeconds === undefined ? chooser.rating() : undefined;
  const clicked = chooser.take('clicked', isYesOrNo);
  const impressions =
    clicked === undefined
      ? {}
      : { clicked, requestId: chooser.take('requestId', isFilled), surface: chooser.take('surface') };
  const log = {
    userId,
    videoId,
    time,
    watchSeconds,
    rating,
    ...impressions,
    country: chooser.take('country'),
    device: chooser.take('device'),
    title: chooser.take('title'),
    channelId: chooser.take('channelId'),
    topics: chooser.topics(),
    durationSeconds: chooser.duration('durationSeconds', 3_600),
    uploadedAt: chooser.time('uploadedAt'),
  };
  // As it is printed: without what was not found.
  return { mapping: JSON.parse(JSON.stringify({ log })) as Mapping, reasons: chooser.reasons };
}

type Test = (cells: readonly string[]) => boolean;

class Chooser {
  readonly reasons: string[] = [];
  private readonly left: Set<string>;

  constructor(private readonly sample: Sample) {
    this.left = new Set(sample.columns);
  }

  /** The column whose name fits best and whose cells pass. */
  take(field: Field, test: Test = () => true): string | undefined {
    for (const name of NAMES[field]) {
      for (const column of this.left) {
        if (wordsOf(column) !== name || !test(this.cells(column))) continue;
        this.left.delete(column);
        this.reasons.push(`${field}: ${column}, by its name`);
        return column;
      }
    }
    return undefined;
  }

  time(field: 'time' | 'uploadedAt'): { column: string; unit: TimeUnit } | undefined {
    const named = this.take(field, (cells) => timeUnitOf(cells) !== undefined);
    if (named !== undefined) return this.withTimeUnit(named);
    if (field !== 'time') return undefined;
    // Nothing else looks like one.
    const column = [...this.left].find((name) => timeUnitOf(this.cells(name)) !== undefined);
    if (column === undefined) return undefined;
    this.left.delete(column);
    this.reasons.push(`${field}: ${column}, since it holds times`);
    return this.withTimeUnit(column);
  }

  /** @param longestSeconds what is mostly longer than that is in milliseconds */
  duration(
    field: 'watchSeconds' | 'durationSeconds',
    longestSeconds: number,
  ): { column: string; unit: DurationUnit } | undefined {
    const column = this.take(field, isAmount);
    if (column === undefined) return undefined;
    const words = wordsOf(column).split(' ');
    const sorted = this.cells(column)
      .filter(isFilledCell)
      .map(Number)
      .sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
    const named: DurationUnit | undefined = words.includes('ms') ? 'ms' : words.includes('seconds') ? 's' : undefined;
    const unit = named ?? (median > 10 * longestSeconds ? 'ms' : 's');
    this.reasons.push(`  in ${unit}, ${named ? 'by its name' : `since half of them lie above ${median}`}`);
    return { column, unit };
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

/** "userId", "user_id" and "User ID" are "user id"; of "video.id" too. */
function wordsOf(column: string): string {
  return column
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
    .toLowerCase();
}

const isFilledCell = (cell: string) => cell !== '';
/** Nearly all: a few bad rows must not hide a column. */
const MOST = 0.9;

const mostly = (cells: readonly string[], test: (cell: string) => boolean) =>
  cells.length > 0 && cells.filter(test).length >= MOST * cells.length;

const isFilled: Test = (cells) => mostly(cells, isFilledCell);
const isYesOrNo: Test = (cells) => mostly(cells, (cell) => /^(0|1|0\.0|1\.0|true|false|yes|no|t|f|y|n)$/i.test(cell));
const isAmount: Test = (cells) => mostly(cells.filter(isFilledCell), (cell) => Number(cell) >= 0);

/** From 1995 to 2100, in one of the units. */
function timeUnitOf(cells: readonly string[]): TimeUnit | undefined {
  const filled = cells.filter(isFilledCell);
  const lies = (low: number, high: number) => (cell: string) => Number(cell) >= low && Number(cell) <= high;
  const [fromSeconds, toSeconds] = [Date.UTC(1995, 0) / 1_000, Date.UTC(2100, 0) / 1_000];
  if (mostly(filled, lies(fromSeconds, toSeconds))) return 's';
  if (mostly(filled, lies(fromSeconds * 1e3, toSeconds * 1e3))) return 'ms';
  if (mostly(filled, lies(fromSeconds * 1e6, toSeconds * 1e6))) return 'us';
  if (mostly(filled, (cell) => /^\d{4}-\d{2}/.test(cell) && !Number.isNaN(isoTime(cell)))) return 'iso';
  return undefined;
}
