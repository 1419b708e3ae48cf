import { type Event, TOPICS, type Watch } from '@watchnext/contract';
import { replayUser, type UserRecord } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { datasetEvents } from '../dataset-events';
import type { Importer } from '../importer';
import { Staging, type WatchRow } from './staging';

const T = Date.UTC(2024, 5, 1);

type Told = readonly [user: string, video: string, atMs: number];

/** What an importer of such a log gives. */
async function imported(told: readonly Told[], impressions: readonly Told[] = [], sourceOf = (_line: number) => 0) {
  const staging = await Staging.open();
  const row = ([userId, videoId, atMs]: Told, line: number): WatchRow => ({
    userId,
    videoId,
    atMs,
    positionSeconds: 60,
    source: sourceOf(line),
    line,
  });
  const importer: Importer = {
    name: 'told',
    hasImpressions: false,
    describeMapping: () => '',
    files: () => Promise.resolve([]),
    load: (_, target) => {
      for (const name of new Set(told.map((_one, line) => `log ${sourceOf(line)}`))) target.source(name, name);
      told.forEach((one, line) => target.addWatch(row(one, line)));
      impressions.forEach((one, line) =>
        target.addImpression({
          ...row(one, told.length + line),
          clicked: true,
          pageId: 'page',
          listId: 'list',
          surface: '',
        }),
      );
      return Promise.resolve();
    },
  };
  const events: Event[] = [];
  let notes: readonly string[] = [];
  try {
    const onLoaded = (summary: { readonly notes: readonly string[] }) => (notes = summary.notes);
    for await (const event of datasetEvents(importer, '', { staging, drawLists: false, onLoaded })) events.push(event);
  } finally {
    await staging.close();
  }
  const watches = events.filter(({ body }) => body?.$case === 'watch');
  return { watches, notes };
}

const valueOf = ({ body }: Event) => body!.value as Watch;
const timesOf = (events: readonly Event[]) =>
  events.map((event) => `${valueOf(event).userId} ${valueOf(event).videoId} ${event.occurredAtMs - T}`);
const videosOf = (events: readonly Event[]) => events.map((event) => valueOf(event).videoId);

const many = (count: number, videoOf: (n: number) => string, atMs: (n: number) => number): Told[] =>
  Array.from({ length: count }, (_, n) => ['u', videoOf(n), atMs(n)]);

describe('watches of one user and time', () => {
  it('are set a millisecond apart in the order of the file, and their share is told', async () => {
    const { watches, notes } = await imported([
      ['u', 'z', T],
      ['v', 'a', T],
      ['u', 'a', T],
      ['u', 'm', T],
      ['u', 'b', T + 1_000],
    ]);
    expect(timesOf(watches)).toEqual(['u z 0', 'v a 0', 'u a 1', 'u m 2', 'u b 1000']);
    expect(notes).toEqual([
      expect.stringMatching(/^3 of 5 watches \(60\.0%\) have their time in common .*order of the file$/),
    ]);
  });

  it('are in the history of the next one, each but itself', async () => {
    const { watches } = await imported(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((video, n) => ['u', video, T + 1_000 * [0, 1, 2, 2, 2, 3][n]]),
    );
    const records = watches.map((event, offset): UserRecord => ({
      topic: TOPICS.activity,
      partition: 0,
      offset,
      event,
    }));
    const { candidateExamples } = replayUser(records, { joinWindowMs: 86_400_000, logEndMs: Infinity });
    expect(
      candidateExamples.map(({ labelVideoId, features }) => `${labelVideoId}: ${features.watchedVideoIds.join(' ')}`),
    ).toEqual(['a: ', 'b: a', 'c: a b', 'd: a b c', 'e: a b c d', 'f: a b c d e']);
  });

  it('never reach the next time of their user, however many they are', async () => {
    const day = 86_400_000;
    const { watches } = await imported([
      ...many(
        1_000,
        (n) => `v${(n * 501) % 1_000}`,
        () => T,
      ),
      ...many(
        5,
        (n) => `w${4 - n}`,
        () => T + 3,
      ),
      ['u', 'next', T + 5],
      ['u', 'day after', T + day],
    ]);
    expect(watches.map(({ occurredAtMs }) => occurredAtMs)).toEqual(
      watches.map(({ occurredAtMs }) => occurredAtMs).toSorted((a, b) => a - b),
    );
    const [first, second] = [watches.slice(0, 1_000), watches.slice(1_000, 1_005)];
    expect(videosOf(first)).toEqual(
      many(
        1_000,
        (n) => `v${(n * 501) % 1_000}`,
        () => T,
      ).map(([, video]) => video),
    );
    expect(new Set(first.map(({ occurredAtMs }) => occurredAtMs - T))).toEqual(new Set([0, 1, 2]));
    expect(videosOf(second)).toEqual(['w4', 'w3', 'w2', 'w1', 'w0']);
    expect(second.map(({ occurredAtMs }) => occurredAtMs - T)).toEqual([3, 3, 3, 4, 4]);
    expect(timesOf(watches.slice(1_005))).toEqual(['u next 5', `u day after ${day}`]);
  });

  it.each<[string, (n: number) => string]>([
    ['ascending numbers', (n) => `film-${n}`],
    ['descending numbers', (n) => `film-${300 - n}`],
    ['ascending text', (n) => `film-${(n / 1_000).toFixed(3)}`],
  ])(
    'come in an order that is drawn where the file has them by video id, as %s, and in the same one again',
    async (_, videoOf) => {
      const told = many(200, videoOf, (n) => T + 60_000 * Math.floor(n / 10));
      const first = await imported(told);
      expect(first.notes[0]).toMatch(/drawn, since the file has them by video id$/);
      const order = videosOf(first.watches);
      expect(order.toSorted()).toEqual(told.map(([, video]) => video).toSorted());
      const isAscending = (n: number) => n % 10 > 0 && Number(order[n].slice(5)) > Number(order[n - 1].slice(5));
      const ascending = order.filter((_video, n) => isAscending(n)).length;
      // Of 180 pairs; five standard deviations of an order that knows nothing.
      expect(Math.abs(ascending - 90)).toBeLessThan(5 * Math.sqrt(180 / 12));
      expect(timesOf((await imported(told)).watches)).toEqual(timesOf(first.watches));
    },
  );

  describe('of a file that lists the newest first', () => {
    /** Ten users in turn, by the minute, with three watches at each, one of them twice. */
    const forward = Array.from({ length: 600 }, (_, n): Told => {
      const round = Math.floor(n / 40);
      return [
        `u${n % 10}`,
        `v${[7, 2, 9, 7][Math.floor(n / 10) % 4]}-${(n * 37) % 10}-${round % 7}`,
        T + 60_000 * round,
      ];
    });
    const ofUsers = (events: readonly Event[]) => timesOf(events).toSorted();

    it('are in the reverse of its order, as if it listed the oldest first', async () => {
      const oldestFirst = await imported(forward);
      const newestFirst = await imported(forward.toReversed());
      expect(oldestFirst.notes[0]).toMatch(/ in the order of the file$/);
      expect(newestFirst.notes[0]).toMatch(/ in the reverse order of the file, which has the newest first$/);
      expect(ofUsers(newestFirst.watches)).toEqual(ofUsers(oldestFirst.watches));
    });

    it.each([
      ['too', (file: number) => 2 - file],
      ['while the files go by time', (file: number) => file],
    ])('are so, across files %s', async (_, fileOf) => {
      // Cut within a moment.
      const files = [0, 1, 2].map((file) => forward.slice(210 * file, 210 * (file + 1)).toReversed());
      const order = [0, 1, 2].map((_file, place) => fileOf(place));
      const told = order.flatMap((file) => files[file]);
      const sourceOf = (line: number) => {
        const ends = order.map((_file, place) =>
          order.slice(0, place + 1).reduce((sum, file) => sum + files[file].length, 0),
        );
        return ends.findIndex((end) => line < end);
      };
      expect(ofUsers((await imported(told, [], sourceOf)).watches)).toEqual(ofUsers((await imported(forward)).watches));
    });
  });

  it('come in an order that is drawn where the file goes neither way in time', async () => {
    const random = createRandom(1);
    const told = Array.from({ length: 300 }, (_, n): Told => [
      `u${n % 3}`,
      `v${random.nextInt(90)}`,
      T + 60_000 * random.nextInt(40),
    ]);
    const first = await imported(told);
    expect(first.notes[0]).toMatch(
      / in an order that was drawn, since the file has its users' watches in no order of time$/,
    );
    const turned = await imported(told.toReversed());
    expect(timesOf(turned.watches).toSorted()).toEqual(timesOf(first.watches).toSorted());
  });

  it('stay together where they are copies of one row: one would be the history of the other', async () => {
    const { watches } = await imported([
      ['u', 'b', T],
      ['u', 'a', T],
      ['u', 'b', T],
      ['u', 'c', T],
    ]);
    expect(timesOf(watches)).toEqual(['u b 0', 'u b 0', 'u a 1', 'u c 2']);
    expect(
      (
        await imported([
          ['u', 'b', T],
          ['u', 'b', T],
        ])
      ).notes,
    ).toEqual([]);
  });

  it('keep the ids that their own times gave them, whatever comes to stand beside them', async () => {
    const alone = await imported([['u', 'b', T]]);
    const beside = await imported([
      ['u', 'b', T],
      ['u', 'a', T],
      ['u', 'c', T + 1],
    ]);
    expect(beside.watches[0].eventId).toBe(alone.watches[0].eventId);
    const prefix = T.toString(16).padStart(12, '0');
    expect(beside.watches.map(({ eventId }) => eventId.replaceAll('-', '').slice(0, 12))).toEqual([
      prefix,
      prefix,
      (T + 1).toString(16).padStart(12, '0'),
    ]);
  });

  it('stay as they are in a log that has real lists', async () => {
    const told: Told[] = [
      ['u', 'b', T],
      ['u', 'a', T],
    ];
    const { watches, notes } = await imported(told, told);
    expect(watches.map(({ occurredAtMs }) => occurredAtMs)).toEqual([T, T, T, T]);
    expect(notes).toEqual([]);
  });
});
