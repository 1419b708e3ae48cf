import { Event, TOPICS } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import { eventOf, searchOf, videoFactsOf, videoUpsertedOf } from '@watchnext/testing';
import { readCatalogue } from './read-catalogue';

const AT_MS = Date.UTC(2026, 10, 2);
const withdrawn = (videoId: string) => eventOf({ $case: 'videoWithdrawn', value: { videoId, reason: '' } }, AT_MS);
const upserted = (videoId: string, durationSeconds: number) =>
  eventOf(videoUpsertedOf(videoId, { video: videoFactsOf({ durationSeconds }) }), AT_MS);

async function catalogueOf(...events: (Event | Uint8Array)[]) {
  const records = events.map((event, offset) => ({
    topic: TOPICS.catalog,
    partition: 0,
    offset,
    timestampMs: AT_MS,
    key: '',
    value: event instanceof Uint8Array ? event : Event.encode(event).finish(),
  }));
  const archive = {
    read: async function* () {
      yield records;
    },
  } as unknown as EventArchive;
  return readCatalogue(archive, new AbortController().signal);
}

async function read(...events: (Event | Uint8Array)[]) {
  const catalogue = await catalogueOf(...events);
  const durations = Object.fromEntries(
    [...catalogue.facts].map(([videoId, facts]) => [videoId, facts.durationSeconds]),
  );
  return { durations, withdrawn: [...catalogue.withdrawn], refusedCount: catalogue.refusedCount };
}

describe('reading the catalogue', () => {
  it('keeps the last word on each video', async () => {
    expect(await read(upserted('a', 10), upserted('b', 20), upserted('a', 30), withdrawn('b'))).toEqual({
      durations: { a: 30, b: 20 },
      withdrawn: ['b'],
      refusedCount: 0,
    });
  });

  it('brings back a video that is upserted after it was withdrawn', async () => {
    expect((await read(upserted('a', 10), withdrawn('a'), upserted('a', 10))).withdrawn).toEqual([]);
  });

  it('does not let a retry of an old event undo what came since', async () => {
    const first = upserted('a', 10);
    expect(await read(first, upserted('a', 30), withdrawn('a'), first)).toMatchObject({
      durations: { a: 30 },
      withdrawn: ['a'],
    });
  });

  it('counts what is no event or must be refused, and goes on', async () => {
    const nameless = upserted('', 10);
    const elsewhere = eventOf(searchOf('anna', 'tea'), AT_MS);
    expect(await read(Uint8Array.of(255), nameless, elsewhere, upserted('a', 10))).toEqual({
      durations: { a: 10 },
      withdrawn: [],
      refusedCount: 3,
    });
  });

  it('has texts and lists of topics that many videos name once, and says of each what its event said', async () => {
    const said = [
      videoFactsOf({ channelId: 'channel', topics: ['tea', 'cats'], durationSeconds: 10, uploadedAtMs: 5 }),
      videoFactsOf({ channelId: 'channel', topics: ['cats', 'tea'], durationSeconds: 20.5, uploadedAtMs: 6 }),
      videoFactsOf({ channelId: '', topics: ['tea', 'cats'], durationSeconds: 10, uploadedAtMs: 5 }),
      videoFactsOf({ channelId: 'other', topics: [], durationSeconds: 1, uploadedAtMs: 7 }),
    ];
    const events = said.map((video, i) => eventOf(videoUpsertedOf(`video-${i}`, { video }), AT_MS));
    const { facts } = await catalogueOf(...events);
    expect([...facts]).toEqual(said.map((video, i) => [`video-${i}`, video]));
    expect(facts.get('video-2')?.topics).toBe(facts.get('video-0')?.topics);
  });
});
