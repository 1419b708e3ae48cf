import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Gender, type Event } from '@watchnext/contract';
import { temporaryDirectory } from '@watchnext/testing';
import { BadRows, datasetEvents } from '../index';
import { MovieLensImporter } from './movielens';

const T = 978_300_760;

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => (folder = await temporaryDirectory('movielens')));
afterEach(() => folder.remove());

/** Editions as they are laid out, each with the same two films, user and ratings. */
const EDITIONS: Readonly<Record<string, Readonly<Record<string, Buffer>>>> = {
  '100K': {
    'u.genre': latin1('unknown|0\nAction|1\nComedy|2\n'),
    'u.item': latin1(
      '1|Café (1995)|01-Jan-1995||http://x/?a|0|1|1\n2|Old: Again (1940)|01-Jan-1940||http://x/?b|1|0|0\n',
    ),
    'u.user': latin1('7|24|F|artist|85711\n'),
    'u.data': latin1(`7\t1\t5\t${T}\n7\t2\t1\t${T + 1}\n`),
  },
  '1M': {
    'movies.dat': latin1('1::Café (1995)::Action|Comedy\n2::Old: Again (1940)::\n'),
    'users.dat': latin1('7::F::25::10::48067\n'),
    'ratings.dat': latin1(`7::1::5::${T}\n7::2::1::${T + 1}\n`),
  },
  '10M': {
    'movies.dat': Buffer.from('1::Café (1995)::Action|Comedy\n2::Old: Again (1940)::(no genres listed)\n'),
    'ratings.dat': Buffer.from(`7::1::5::${T}\n7::2::1::${T + 1}\n`),
    'tags.dat': Buffer.from('7::1::fun::1\n'),
  },
  '25M': {
    'movies.csv': Buffer.from(
      'movieId,title,genres\n1,Café (1995),Action|Comedy\n2,"Old: Again (1940)",(no genres listed)\n',
    ),
    'ratings.csv': Buffer.from(`userId,movieId,rating,timestamp\n7,1,5.0,${T}\n7,2,1.0,${T + 1}\n`),
    'links.csv': Buffer.from('movieId,imdbId,tmdbId\n'),
  },
};

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

async function read(files: Readonly<Record<string, Buffer>>) {
  await mkdir(folder.path, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder.path, name), bytes);
  const events: Event[] = [];
  const badRows = new BadRows();
  const options = { badRows, drawLists: false };
  for await (const event of datasetEvents(new MovieLensImporter(), folder.path, options)) events.push(event);
  return { events, badRows };
}

describe('the MovieLens importer', () => {
  it.each(Object.keys(EDITIONS))('reads the layout of %s', async (edition) => {
    const { events, badRows } = await read(EDITIONS[edition]);
    expect(badRows.total).toBe(0);
    const videos = events.flatMap(({ body }) => (body?.$case === 'videoUpserted' ? [body.value] : []));
    expect(videos).toMatchObject([
      { videoId: 'film-2', title: 'Old: Again (1940)', video: { topics: [], uploadedAtMs: 1 } },
      { videoId: 'film-1', title: 'Café (1995)', video: { topics: ['Action', 'Comedy'], durationSeconds: 6_000 } },
    ]);
    const watches = events.flatMap(({ body, occurredAtMs }) =>
      body?.$case === 'watch'
        ? [[body.value.userId, body.value.videoId, body.value.positionSeconds, occurredAtMs]]
        : [],
    );
    expect(watches).toEqual([
      ['user-7', 'film-1', 6_000, T * 1_000],
      ['user-7', 'film-2', 2_800, T * 1_000 + 1_000],
    ]);
    const users = events.flatMap(({ body }) => (body?.$case === 'userUpserted' ? [body.value] : []));
    const told = edition === '100K' || edition === '1M';
    expect(users).toMatchObject(
      told ? [{ userId: 'user-7', profile: { gender: Gender.FEMALE, ageYears: edition === '1M' ? 25 : 24 } }] : [],
    );
  });

  it('names bad rows, and what a folder that is none should hold', async () => {
    const { badRows } = await read({
      ...EDITIONS['25M'],
      'ratings.csv': Buffer.from(
        `userId,movieId,rating,timestamp\n7,1,5.5,${T}\n7,2,x,${T}\n7,1,4,soon\n7,1,4,${T}\n8,1,0.5,${T}\n7,2,3,${T}\n7,2,3,${T}\n`,
      ),
    });
    expect(badRows.first.map(({ line, reason }) => `${line} ${reason}`)).toEqual([
      '2 the rating is not from 0.5 to 5: "5.5"',
      '3 the rating is not from 0.5 to 5: "x"',
      '4 the time is no whole number: "soon"',
    ]);
    await folder.remove();
    await expect(read({ 'ratings.csv': Buffer.from('') })).rejects.toThrow(
      /should hold movies.csv, ratings.csv \(20M and later\), or movies.dat, ratings.dat, users.dat \(1M\)/,
    );
  });
});
