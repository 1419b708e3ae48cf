import { Event, type VideoFacts } from '@watchnext/contract';
import { type EventArchive, KeyedRecords } from '@watchnext/event-archive';
import { type LogRecord, partitionOf } from '@watchnext/event-log';
import { eventOf, impressionItemOf, impressionsServedOf, searchOf, videoFactsOf, watchOf } from '@watchnext/testing';
import { TextTable } from './examples/columns';
import { type ReadCounts, readUserRecords, type UserRecords } from './user-records';

const TOPIC = 'watchnext.activity.v1';
const PARTITIONS = 4;
const record = (key: string, offset: number, fields: Partial<LogRecord> = {}): LogRecord => ({
  topic: TOPIC,
  partition: partitionOf(key, PARTITIONS),
  offset,
  timestampMs: 5,
  key,
  value: Event.encode(eventOf(searchOf(key, 'tea'), 1_000)).finish(),
  ...fields,
});

/** An archive of batches of users, each with these records. */
const archiveOf = (batches: readonly (readonly LogRecord[])[][]): Pick<EventArchive, 'readKeys'> => ({
  readKeys: async function* () {
    for (const batch of batches) yield batch.map((records) => KeyedRecords.of(records));
  },
});

async function collect(batches: readonly (readonly LogRecord[])[][], signal = new AbortController().signal) {
  const counts: ReadCounts = { recordCount: 0, undecodableCount: 0, misplacedCount: 0 };
  const users: UserRecords[] = [];
  for await (const user of readUserRecords(archiveOf(batches), TOPIC, PARTITIONS, counts, signal)) users.push(user);
  return {
    counts,
    users: users.map(({ userId, records }) => `${userId}: ${records.map((entry) => entry.offset)}`),
    raw: users,
  };
}

describe('reading the archive user by user', () => {
  it('goes on from batch to batch', async () => {
    const { users, counts } = await collect([
      [[record('a', 1), record('a', 3)], [record('b', 2)]],
      [[record('c', 9), record('c', 10)]],
    ]);
    expect(users).toEqual(['a: 1,3', 'b: 2', 'c: 9,10']);
    expect(counts.recordCount).toBe(5);
  });

  it('leaves out and counts what is no event and what lies in a wrong partition', async () => {
    const wrong = (partitionOf('b', PARTITIONS) + 1) % PARTITIONS;
    // So many that the one is no sign of a wrong partition count.
    const many = Array.from({ length: 100 }, (_, user) => [record(`user-${user}`, 10 + user)]);
    const { users, counts } = await collect([
      [
        [record('a', 1, { value: Uint8Array.of(255, 255) }), record('a', 2)],
        [record('b', 3, { partition: wrong })],
        [record('c', 4), record('c', 5, { value: record('d', 5).value })],
      ],
      many,
    ]);
    expect(users.slice(0, 2)).toEqual(['a: 2', 'c: 4']);
    expect(users).toHaveLength(102);
    expect(counts).toEqual({ recordCount: 105, undecodableCount: 1, misplacedCount: 2 });
  });

  it('gives facts as the catalogue has them where an event says the same, and as the event has them where it does not', async () => {
    const [same, changed] = [videoFactsOf({ durationSeconds: 10 }), videoFactsOf({ durationSeconds: 11 })];
    const topicless = { ...same, topics: [] };
    const said = [same, changed, topicless, same, same];
    const videoIds = ['video-a', 'video-a', 'video-a', 'video-a', 'video-unknown'];
    const records = said.map((video, i) =>
      record('a', i, { value: Event.encode(eventOf(watchOf('a', videoIds[i], { video }), 1_000)).finish() }),
    );
    const counts: ReadCounts = { recordCount: 0, undecodableCount: 0, misplacedCount: 0 };
    const { signal } = new AbortController();
    const given: (VideoFacts | undefined)[] = [];
    const catalogue = new Map([['video-a', same]]);
    const users = readUserRecords(
      archiveOf([[records]]),
      TOPIC,
      PARTITIONS,
      counts,
      signal,
      new TextTable(),
      catalogue,
    );
    for await (const user of users) {
      for (const { event } of user.records) if (event.body?.$case === 'watch') given.push(event.body.value.video);
    }
    expect(given).toEqual(said);
    expect(given.map((facts) => facts === same)).toEqual([true, false, false, true, false]);
  });

  it('takes the record for the time of receipt where the producer gave none', async () => {
    const event = { ...eventOf(searchOf('a', 'tea'), 1_000), receivedAtMs: 0 };
    const { raw } = await collect([[[record('a', 1, { value: Event.encode(event).finish(), timestampMs: 1_234 })]]]);
    expect(raw[0].records[0].event.receivedAtMs).toBe(1_234);
  });

  it('numbers videos, the same ids alike, also in events that are not as our encoders write them', async () => {
    const long = '018bcfe5-6800-7000-8000-00000000000a';
    const videoIds = ['v', 'video-2', 'x'.repeat(60), long, 'v', long, '', 'video-2', 'x'.repeat(60)];
    // A field that no version of the events has.
    const unknownField = Uint8Array.of(0xc0, 0x3e, 1);
    const watches = videoIds.map((videoId) => Event.encode(eventOf(watchOf('a', videoId), 1_000)).finish());
    const items = videoIds.map((videoId) => impressionItemOf(videoId));
    const list = Event.encode(eventOf(impressionsServedOf('a', items), 1_000)).finish();
    const values = [...watches, ...watches.map((bytes) => Buffer.concat([bytes, unknownField]))];
    // Of two watches in one event, the second without a video.
    values.push(Buffer.concat([watches[0], Event.encode(eventOf(watchOf('a', ''), 1_000)).finish()]));
    values.push(list, Buffer.concat([list, unknownField]));
    const videos = new TextTable();
    const batch = [values.map((value, offset) => record('a', offset, { value }))];
    const signal = new AbortController().signal;
    const counts: ReadCounts = { recordCount: 0, undecodableCount: 0, misplacedCount: 0 };
    const users = readUserRecords(archiveOf([batch]), TOPIC, PARTITIONS, counts, signal, videos);
    const first = await users.next();
    const records: UserRecords['records'] = first.done ? [] : first.value.records;
    const textsOf = (numbers: readonly (number | undefined)[] = []) =>
      numbers.map((number) => videos.texts[number ?? -1]);
    expect(textsOf(records.slice(0, -2).map(({ videoNumber }) => videoNumber))).toEqual([...videoIds, ...videoIds, '']);
    expect(records.slice(-2).map(({ itemNumbers }) => textsOf(itemNumbers))).toEqual([videoIds, videoIds]);
    expect(new Set(videos.texts).size).toBe(videos.texts.length);
  });

  it('gives way to an abort', async () => {
    await expect(collect([[[record('a', 1)]]], AbortSignal.abort())).rejects.toThrow();
  });
});
