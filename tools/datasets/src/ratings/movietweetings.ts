/** MovieTweetings (Dooms, De Pessemier, Martens, CrowdRec at RecSys 2013): ratings of films that people tweeted. */
import { basename, join } from 'node:path';
import { DatasetError } from '../dataset-error';
import type { Importer, LoadOptions } from '../importer';
import { identifier, integer, parts, time } from '../read/cells';
import { eachLine } from '../read/each-row';
import { namesIn } from '../read/names-in';
import type { Staging } from '../staging/staging';
import { FILM_SECONDS, releasedAtMs, watchSecondsOf } from './rating-watch';

const MAPPING = `MovieTweetings becomes events as follows.
  movies.dat    each line id::title (year)::genres a VideoUpserted: film-ID, topics the genres, of 100 minutes (durations
                are not told), uploaded at the start of its year, or of 1970.
  ratings.dat   each line user::film::rating::seconds a completed Watch at that time: of 40% of the film at rating 0, of all
                of it at 10, in a straight line between.
  users.dat     not used: it tells only the users' numbers at Twitter.
Each watch comes out of a list of five: the film among four that other users rated around the same time (surface
"drawn"), since the log does not tell what was shown and left; --no-drawn-lists leaves that out, and ranking without
anything to learn from.
Order: catalogue, then activity by time. Ids follow from file and line.`;

const SCALE = { lowest: 0, highest: 10 };
const NAMES = ['movies.dat', 'ratings.dat'] as const;

export class MovieTweetingsImporter implements Importer {
  readonly name = 'movietweetings';
  readonly hasImpressions = false;

  describeMapping(): string {
    return MAPPING;
  }

  async files(path: string): Promise<string[]> {
    const names = await namesIn(path);
    const missing = NAMES.filter((name) => !names.includes(name));
    if (missing.length === 0) return NAMES.map((name) => join(path, name));
    // The official repository keeps its editions in folders.
    const editions = names.filter((name) => name === 'latest' || /^snapshots/.test(name));
    throw new DatasetError(
      `${path} is no MovieTweetings folder: it lacks ${missing.join(', ')}` +
        (editions.length > 0 ? `; give the folder of an edition, below ${editions.join(' or ')}` : ''),
    );
  }

  async load(path: string, staging: Staging, options: LoadOptions): Promise<void> {
    const [movies, ratings] = await this.files(path);
    await loadMovies(movies, staging, options);
    await loadRatings(ratings, staging, options);
  }
}

async function loadMovies(path: string, staging: Staging, options: LoadOptions): Promise<void> {
  const source = staging.source('movies', basename(path));
  await eachLine(path, options, (text, line) => {
    const [id, title, genres] = parts(text, '::', 3);
    staging.addVideo({
      videoId: `film-${identifier('the id', id)}`,
      title,
      channelId: '',
      topics: genres === '' ? [] : genres.split('|').map((genre) => identifier('a genre', genre)),
      durationSeconds: FILM_SECONDS,
      uploadedAtMs: releasedAtMs(title),
      source,
      line,
    });
  });
}

async function loadRatings(path: string, staging: Staging, options: LoadOptions): Promise<void> {
  const source = staging.source('ratings', basename(path));
  await eachLine(path, options, (text, line) => {
    const [user, film, ratingText, seconds] = parts(text, '::', 4);
    staging.addWatch({
      userId: `user-${identifier('the user', user)}`,
      videoId: `film-${identifier('the film', film)}`,
      atMs: time('the time', 1_000 * integer('the time', seconds), options.nowMs),
      positionSeconds: watchSecondsOf(ratingText, SCALE),
      source,
      line,
    });
  });
}
