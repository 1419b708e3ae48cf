import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Event, ImpressionsServed, Watch } from '@watchnext/contract';
import { temporaryDirectory } from '@watchnext/testing';
import { BadRows, datasetEvents, DatasetError } from '../index';
import { MovieTweetingsImporter } from './movietweetings';

const T = 1_364_690_142;

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => (folder = await temporaryDirectory('movietweetings')));
afterEach(() => folder.remove());

async function write(
  ratings: readonly string[],
  movies = ['1::Éclair (2013)::Drama|Short', '2::Old (1915)::', '3::C::A'],
) {
  await writeFile(join(folder.path, 'movies.dat'), `${movies.join('\n')}\n`);
  await writeFile(join(folder.path, 'ratings.dat'), `${ratings.join('\n')}\n`);
}

async function read(options: { drawLists?: boolean } = {}) {
  const events: Event[] = [];
  const badRows = new BadRows();
  for await (const event of datasetEvents(new MovieTweetingsImporter(), folder.path, {
    badRows,
    mostBadRows: 1,
    ...options,
  }))
    events.push(event);
  const of = <Body>(kind: string) =>
    events.flatMap(({ body }) => (body?.$case === kind ? [body.value as unknown as Body] : []));
  return { events, badRows, watches: of<Watch>('watch'), lists: of<ImpressionsServed>('impressionsServed') };
}

describe('the MovieTweetings importer', () => {
  it('makes a completed watch of every rating, longer the better the rating, in order of time', async () => {
    await write([`8::1::10::${T + 5}`, `9::2::0::${T}`, `9::1::5::${T + 9}`]);
    const { watches, badRows } = await read();
    expect(badRows.total).toBe(0);
    expect(watches.map(({ userId, videoId, positionSeconds }) => [userId, videoId, positionSeconds])).toEqual([
      ['user-9', 'film-2', 2_400],
      ['user-8', 'film-1', 6_000],
      ['user-9', 'film-1', 4_200],
    ]);
  });

  it('knows the films: title, genres, and the start of the year', async () => {
    await write([`8::1::10::${T}`]);
    const { events } = await read();
    const facts = (n: number) => events[n].body!.value as unknown as { title: string; video: object };
    expect([0, 1, 2].map(facts)).toMatchObject([
      { title: 'C', video: { topics: ['A'], uploadedAtMs: 0 } },
      { title: 'Old (1915)', video: { topics: [], uploadedAtMs: 1 } },
      { title: 'Éclair (2013)', video: { topics: ['Drama', 'Short'], uploadedAtMs: Date.UTC(2013, 0) } },
    ]);
  });

  it('sets each watch among films that others rated around that time, the same ones every time', async () => {
    const ratings = Array.from({ length: 300 }, (_, i) => `${i % 41}::${i % 25}::7::${T + i}`);
    await write(
      ratings,
      Array.from({ length: 25 }, (_, i) => `${i}::Film ${i} (2012)::Drama`),
    );
    const first = await read();
    expect(first.lists).toHaveLength(300);
    for (const [index, list] of first.lists.entries()) {
      const watch = first.watches[index];
      const watched = list.items.filter(({ impressionId }) => impressionId === watch.impressionId);
      expect(watched.map(({ videoId }) => videoId)).toEqual([watch.videoId]);
      expect(new Set(list.items.map(({ videoId }) => videoId)).size).toBe(5);
      expect(list.items.map(({ position }) => position)).toEqual([0, 1, 2, 3, 4]);
      expect(list.context!.surface).toBe('drawn');
    }
    const places = new Set(first.watches.map(({ impressionId }) => impressionId.split(':').at(-1)));
    expect([...places].sort()).toEqual(['0', '1', '2', '3', '4']);
    expect((await read()).events).toEqual(first.events);
  });

  it('leaves the lists out when asked to', async () => {
    await write([`8::1::10::${T}`]);
    const { watches, lists } = await read({ drawLists: false });
    expect(lists).toEqual([]);
    expect(watches[0].impressionId).toBe('');
  });

  it('names what cannot be used', async () => {
    await write(
      [`8::1::10::${T}`, `8::1::11::${T}`, '8::1', '::1::5::1', `8::1::5::5`, `8::2::5::${T}`, `8::3::5::99999999999`],
      ['1::A::B', '2::A: B::C', 'x', '1::again::', '3::A::'],
    );
    const { badRows, watches } = await read();
    expect(watches).toHaveLength(2);
    expect(badRows.first.map(({ file, line, reason }) => `${file}:${line} ${reason}`)).toEqual([
      'movies.dat:3 1 part between "::" where there should be 3',
      'movies.dat:4 video_id "film-1" stands there twice',
      'ratings.dat:2 the rating is not from 0 to 10: "11"',
      'ratings.dat:3 2 parts between "::" where there should be 4',
      'ratings.dat:4 the user is empty',
      'ratings.dat:5 the time is 1970-01-01, before 1995: is it in another unit?',
      'ratings.dat:7 the time is 5138-11-16, in the future',
    ]);
  });

  it('says which files are missing', async () => {
    await expect(read()).rejects.toThrow(DatasetError);
    await expect(read()).rejects.toThrow(/lacks movies.dat, ratings.dat/);
  });
});
