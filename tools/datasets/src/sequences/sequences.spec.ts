import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Event } from '@watchnext/contract';
import { temporaryDirectory } from '@watchnext/testing';
import { BadRows, datasetEvents } from '../index';
import { SequencesImporter } from './importer';

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => (folder = await temporaryDirectory('sequences')));
afterEach(() => folder.remove());

async function read(text: string) {
  const file = join(folder.path, 'log.tsv');
  await writeFile(file, text);
  const events: Event[] = [];
  const badRows = new BadRows();
  for await (const event of datasetEvents(new SequencesImporter(), file, { badRows })) events.push(event);
  const watches = events.flatMap(({ body, occurredAtMs }) =>
    body?.$case === 'watch'
      ? [{ ...body.value, day: new Date(occurredAtMs).toISOString().slice(0, 10), atMs: occurredAtMs }]
      : [],
  );
  return { events, badRows, watches };
}

describe('the importer of plain sequences', () => {
  it('keeps the order of each user, whose last items lie on the same day', async () => {
    const { watches, badRows } = await read('anna\ta b c\nzoë 🎬\tb  b\n');
    expect(badRows.total).toBe(0);
    const of = (userId: string) =>
      watches.filter((watch) => watch.userId === userId).map(({ videoId, day }) => `${videoId} ${day}`);
    expect(of('anna')).toEqual(['a 2024-12-29', 'b 2024-12-30', 'c 2024-12-31']);
    expect(of('zoë 🎬')).toEqual(['b 2024-12-30', 'b 2024-12-31']);
    expect(new Set(watches.map(({ playbackId }) => playbackId)).size).toBe(5);
  });

  it('makes a catalogue of what was watched', async () => {
    const { events } = await read('anna\ta b\nben\tb c');
    const videos = events.flatMap(({ body }) => (body?.$case === 'videoUpserted' ? [body.value.videoId] : []));
    expect(videos).toEqual(['a', 'b', 'c']);
  });

  it('packs what is older than a year, in order', async () => {
    const items = Array.from({ length: 1_000 }, (_, i) => `v${i}`);
    const { watches } = await read(`anna\t${items.join(' ')}\nben\tv1`);
    const anna = watches.filter(({ userId }) => userId === 'anna');
    expect(anna.map(({ videoId }) => videoId)).toEqual(items);
    expect(anna[0].atMs).toBeGreaterThan(Date.UTC(2023, 11, 30));
  });

  it('names lines without a tab or items', async () => {
    const { badRows } = await read('anna a b\nben\ta\nzoë\t \nc\td');
    expect(badRows.first.map(({ line, reason }) => `${line} ${reason}`)).toEqual([
      '1 no tab between the user and its items',
      '3 no items of the user',
    ]);
  });
});
