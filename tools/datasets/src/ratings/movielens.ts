/** MovieLens (Harper and Konstan, TiiS 2015), in the layouts of its editions: 100K, 1M, 10M, and CSV from 20M on. */
import { basename, join } from 'node:path';
import { Gender } from '@watchnext/contract';
import { DatasetError } from '../dataset-error';
import type { Importer, LoadOptions } from '../importer';
import { BadCell, identifier, integer, parts, quote, time } from '../read/cells';
import { eachCsvRow, eachLine } from '../read/each-row';
import { namesIn } from '../read/names-in';
import type { TextEncoding } from '../read/text-lines';
import type { Staging } from '../staging/staging';
import { FILM_SECONDS, releasedAtMs, watchSecondsOf } from './rating-watch';

const MAPPING = `MovieLens becomes events as follows. Editions: 100K (u.data), 1M and 10M (ratings.dat), 20M, 25M, 32M and latest (ratings.csv).
  movies    each a VideoUpserted: film-ID, topics the genres, of 100 minutes (durations are not told), uploaded at the
            start of its year, or of 1970.
  users     (100K and 1M) each a UserUpserted with gender and age; an age of 1, under 18, counts as not told.
  ratings   each a completed Watch at the time of the rating: of 40% of the film at half a star, of all of it at five, in
            a straight line between.
  tags, links, genome-*, other splits   not used.
Each watch comes out of a list of five: the film among four that other users rated around the same time (surface
"drawn"), since the log does not tell what was shown and left; --no-drawn-lists leaves that out, and ranking without
anything to learn from.
Order: catalogue, users, then activity by time. Ids follow from file and line.`;

const SCALE = { lowest: 0.5, highest: 5 };
const NO_GENRES = '(no genres listed)';

interface Layout {
  readonly edition: string;
  /** Files, and whether the layout is told by them; `users` is undefined where an edition has none. */
  readonly movies: string;
  readonly ratings: string;
  readonly users?: string;
  readonly genres?: string;
  readonly encoding?: TextEncoding;
}

/** The first of which all files are there. */
const LAYOUTS: readonly Layout[] = [
  { edition: '20M and later', movies: 'movies.csv', ratings: 'ratings.csv' },
  { edition: '1M', movies: 'movies.dat', ratings: 'ratings.dat', users: 'users.dat', encoding: 'latin1' },
  { edition: '10M', movies: 'movies.dat', ratings: 'ratings.dat' },
  { edition: '100K', movies: 'u.item', ratings: 'u.data', users: 'u.user', genres: 'u.genre', encoding: 'latin1' },
];

export class MovieLensImporter implements Importer {
  readonly name = 'movielens';
  readonly hasImpressions = false;

  describeMapping(): string {
    return MAPPING;
  }

  async files(path: string): Promise<string[]> {
    return filesOf(await layoutOf(path)).map((name) => join(path, name));
  }

  async load(path: string, staging: Staging, options: LoadOptions): Promise<void> {
    const layout = await layoutOf(path);
    const loader = new MovieLensLoader(path, layout, staging, options);
    if (layout.ratings === 'ratings.csv') await loader.loadCsv();
    else if (layout.ratings === 'ratings.dat') await loader.loadDat();
    else await loader.load100K();
  }
}

const filesOf = ({ movies, ratings, users, genres }: Layout) =>
  [movies, ratings, users, genres].filter((name) => name !== undefined);

async function layoutOf(path: string): Promise<Layout> {
  const names = await namesIn(path);
  const found = LAYOUTS.find((layout) => filesOf(layout).every((name) => names.includes(name)));
  if (found !== undefined) return found;
  const wanted = LAYOUTS.map((layout) => `${filesOf(layout).join(', ')} (${layout.edition})`);
  throw new DatasetError(`${path} is no MovieLens folder: it should hold ${wanted.join(', or ')}`);
}

class MovieLensLoader {
  private readonly movies: string;
  private readonly ratings: string;
  private readonly movieSource: number;
  private readonly ratingSource: number;

  constructor(
    private readonly path: string,
    private readonly layout: Layout,
    private readonly staging: Staging,
    private readonly options: LoadOptions,
  ) {
    this.movies = join(path, layout.movies);
    this.ratings = join(path, layout.ratings);
    this.movieSource = staging.source('movies', basename(this.movies));
    this.ratingSource = staging.source('ratings', basename(this.ratings));
  }

  async loadCsv(): Promise<void> {
    const { options } = this;
    await eachCsvRow(this.movies, ['movieId', 'title', 'genres'], options, ([id, title, genres], line) =>
      this.addMovie(id, title, genresOf(genres), line),
    );
    const columns = ['userId', 'movieId', 'rating', 'timestamp'];
    await eachCsvRow(this.ratings, columns, options, (cells, line) => this.addRating(cells, line));
  }

  async loadDat(): Promise<void> {
    const { options } = this;
    const { encoding } = this.layout;
    await eachLine(
      this.movies,
      options,
      (text, line) => {
        const [id, title, genres] = parts(text, '::', 3);
        this.addMovie(id, title, genresOf(genres), line);
      },
      encoding,
    );
    await this.loadUsers('::', ([id, gender, age]) => ({ id, gender, age }), 5);
    await eachLine(this.ratings, options, (text, line) => this.addRating(parts(text, '::', 4), line), encoding);
  }

  async load100K(): Promise<void> {
    const { options } = this;
    const { encoding } = this.layout;
    const names: string[] = [];
    await eachLine(
      join(this.path, this.layout.genres as string),
      options,
      (text) => {
        const [name, place] = parts(text, '|', 2);
        names[integer('the place of a genre', place)] = name;
      },
      encoding,
    );
    await eachLine(
      this.movies,
      options,
      (text, line) => {
        const [id, title, , , , ...flags] = parts(text, '|', 5 + names.length);
        const genres = names.filter((name, place) => flags[place] === '1' && name !== 'unknown');
        this.addMovie(id, title, genres, line);
      },
      encoding,
    );
    await this.loadUsers('|', ([id, age, gender]) => ({ id, gender, age }), 5);
    await eachLine(this.ratings, options, (text, line) => this.addRating(parts(text, '\t', 4), line), encoding);
  }

  private async loadUsers(
    separator: string,
    take: (cells: string[]) => { id: string; gender: string; age: string },
    count: number,
  ): Promise<void> {
    const { users, encoding } = this.layout;
    if (users === undefined) return;
    const source = this.staging.source('users', users);
    await eachLine(
      join(this.path, users),
      this.options,
      (text, line) => {
        const { id, gender, age } = take(parts(text, separator, count));
        const years = integer('the age', age);
        this.staging.addUser({
          userId: `user-${identifier('the user', id)}`,
          gender: genderOf(gender),
          ageYears: years > 1 && years <= 120 ? years : 0,
          source,
          line,
        });
      },
      encoding,
    );
  }

  private addMovie(id: string, title: string, topics: readonly string[], line: number): void {
    this.staging.addVideo({
      videoId: `film-${identifier('the film', id)}`,
      title,
      channelId: '',
      topics,
      durationSeconds: FILM_SECONDS,
      uploadedAtMs: releasedAtMs(title),
      source: this.movieSource,
      line,
    });
  }

  private addRating([user, film, ratingText, seconds]: readonly string[], line: number): void {
    this.staging.addWatch({
      userId: `user-${identifier('the user', user)}`,
      videoId: `film-${identifier('the film', film)}`,
      atMs: time('the time', 1_000 * integer('the time', seconds), this.options.nowMs),
      positionSeconds: watchSecondsOf(ratingText, SCALE),
      source: this.ratingSource,
      line,
    });
  }
}

function genresOf(text: string): string[] {
  return text === '' || text === NO_GENRES ? [] : text.split('|').map((genre) => identifier('a genre', genre));
}

function genderOf(text: string): Gender {
  if (text === 'F') return Gender.FEMALE;
  if (text === 'M') return Gender.MALE;
  throw new BadCell(`the gender is neither F nor M: ${quote(text)}`);
}
