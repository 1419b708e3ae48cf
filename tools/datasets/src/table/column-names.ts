/** Which column is what, by the names that such columns go by. */
import type { DurationUnit } from './mapping';

/**
 * Best first; whole words of a column's name, as "user_id" and "userId" have two, run together or not. `#` stands
 * for a word that names a unit; times and durations may have one beside the words here too.
 */
export const NAMES = {
  userId: [
    'user id',
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
    'video',
    'item id',
    'item',
    'movie id',
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
    'time #',
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
    'watch #',
    'watch time',
    'play time',
    'watched #',
    'played #',
    'viewed #',
    'position #',
    '# watched',
    '# played',
    '# viewed',
    'watch duration',
    'play duration',
    'view duration',
    'view time',
    'viewing time',
    'dwell time',
    'dwell',
    'listen time',
    'time watched',
    'time spent',
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
  durationSeconds: ['duration', 'video duration', 'video length', 'length', 'runtime'],
  uploadedAt: ['uploaded at', 'upload time', 'upload dt', 'published at', 'release date', 'publish time'],
} as const;

export type Field = keyof typeof NAMES;

const UNITS: Readonly<Record<DurationUnit, readonly string[]>> = {
  ms: ['ms', 'msec', 'millis', 'milliseconds'],
  s: ['s', 'sec', 'secs', 'second', 'seconds'],
  min: ['min', 'mins', 'minute', 'minutes'],
};

/** Whether a column's name is such a name as stands above. */
export type Fit = (column: string, name: string) => boolean;

/** "userId", "user_id" and "User ID" are "user" and "id"; of "video.id" too. */
export const wordsOf = (column: string): string[] =>
  column
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
    .toLowerCase()
    .split(' ');

const isSame = (words: string, name: string) => words.replaceAll(' ', '') === name.replaceAll(' ', '');

export const isNamed: Fit = (column, name) => isSame(wordsOf(column).join(' '), name);

export function unitOfWord(word: string): DurationUnit | undefined {
  return (Object.keys(UNITS) as DurationUnit[]).find((unit) => UNITS[unit].includes(word));
}

/** "watch_time", "watch_time_ms" and "watch time in seconds" are "watch time"; "watched_s" is "watched #". */
export const isMeasured: Fit = (column, name) =>
  isNamed(column, name) ||
  isSame(bareName(column), name) ||
  wordsOf(column)
    .map((word) => (unitOfWord(word) === undefined ? word : '#'))
    .join(' ') === name;

/** "total_watch_time_ms" has all of "watch time" in it. One word alone stands in too many names. */
export const isPartlyNamed: Fit = (column, name) => name.includes(' ') && ` ${bareName(column)} `.includes(` ${name} `);

/** Without the words that name a unit. */
function bareName(column: string): string {
  const words = wordsOf(column);
  return words
    .filter((word, n) => unitOfWord(word) === undefined && !(word === 'in' && unitOfWord(words[n + 1] ?? '')))
    .join(' ');
}
