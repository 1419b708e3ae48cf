/**
 * A small world in which there is something to learn: viewers and videos belong to taste groups, viewers click what is of
 * theirs and watch it long. Groups are equally popular, so counting by video knows nothing of a viewer.
 */
import { embeddedPaths } from '@watchnext/config';
import { CATALOG_TOPIC, Event, TOPICS } from '@watchnext/contract';
import { openParquetArchive } from '@watchnext/event-archive';
import { openEmbeddedEventLog } from '@watchnext/event-log';
import { DAY_MS } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import {
  eventOf,
  impressionItemOf,
  impressionsServedOf,
  videoFactsOf,
  videoUpsertedOf,
  watchOf,
} from '@watchnext/testing';

export const FIRST_DAY_MS = Date.UTC(2026, 10, 2);
export const PARTITION_COUNT = 2;
const GROUP_COUNT = 4;
const ITEMS_PER_LIST = 6;

export interface WorldSize {
  readonly userCount: number;
  readonly videoCount: number;
  readonly dayCount: number;
  /** On the last day everyone's taste turns to another group: what was learned is then wrong. */
  readonly fickle?: boolean;
}

const facts = (video: number) =>
  videoFactsOf({
    channelId: `channel-${video % GROUP_COUNT}`,
    topics: [`topic-${video % GROUP_COUNT}`],
    durationSeconds: 100,
    uploadedAtMs: FIRST_DAY_MS - (video + 1) * 3_600_000,
  });

/** Events in log order: videos, then day by day a list and two watches from elsewhere for each user. */
export function syntheticEvents(size: WorldSize, seed = 1): Event[] {
  const random = createRandom(seed);
  const events: Event[] = [];
  const push = (body: Parameters<typeof eventOf>[0], atMs: number) =>
    events.push(eventOf(body, atMs, { backfill: true }));
  for (let video = 0; video < size.videoCount; video += 1) {
    push(videoUpsertedOf(`video-${video}`, { video: facts(video) }), facts(video).uploadedAtMs);
  }
  const unseen = Array.from({ length: size.userCount }, () =>
    Array.from({ length: size.videoCount }, (_, video) => video),
  );
  const take = (user: number, accept: (video: number) => boolean): number | undefined => {
    const choices = unseen[user].filter(accept);
    if (choices.length === 0) return undefined;
    const video = choices[random.nextInt(choices.length)];
    unseen[user].splice(unseen[user].indexOf(video), 1);
    return video;
  };
  for (let day = 0; day < size.dayCount; day += 1) {
    for (let user = 0; user < size.userCount; user += 1) {
      const userId = `user-${user}`;
      const turned = size.fickle === true && day === size.dayCount - 1;
      const group = (user + (turned ? 2 : 0)) % GROUP_COUNT;
      let atMs = FIRST_DAY_MS + day * DAY_MS + 8 * 3_600_000 + Math.floor((user / size.userCount) * 12 * 3_600_000);
      const id = `${userId}-${day}`;
      const shown = Array.from({ length: ITEMS_PER_LIST }, () => random.nextInt(size.videoCount));
      const items = [...new Set(shown)].map((video, position) =>
        impressionItemOf(`video-${video}`, {
          impressionId: `impression-${id}-${video}`,
          position,
          video: facts(video),
          source: 'popular',
          sourceScore: 0.5,
        }),
      );
      const context = {
        requestedAtMs: atMs,
        surface: 'home',
        country: 'DE',
        device: 'phone',
        loggedIn: true,
        seedVideoId: '',
      };
      push(impressionsServedOf(userId, items, { requestId: `request-${id}`, context }), atMs);
      for (const video of new Set(shown)) {
        const ofTaste = video % GROUP_COUNT === group;
        if (random.next() > (ofTaste ? 0.7 : 0.1)) continue;
        atMs += 120_000;
        unseen[user] = unseen[user].filter((other) => other !== video);
        const impressionId = `impression-${id}-${video}`;
        push(
          watch(userId, video, `playback-${id}-${video}`, ofTaste ? 60 + 30 * random.next() : 4, impressionId),
          atMs,
        );
      }
      for (let extra = 0; extra < 2; extra += 1) {
        const video = take(user, (choice) => choice % GROUP_COUNT === group);
        if (video === undefined) continue;
        atMs += 120_000;
        push(watch(userId, video, `playback-${id}-extra-${extra}`, 70, ''), atMs);
      }
    }
  }
  return events;
}

/** Everybody comes once, is shown a list and watches one of it; some videos are watched more than others, by nobody in particular. */
export function strangersEvents(userCount: number, { videoCount = 40, dayCount = 4 } = {}): Event[] {
  const random = createRandom(1);
  const events = Array.from({ length: videoCount }, (_, video) =>
    eventOf(videoUpsertedOf(`video-${video}`, { video: facts(video) }), facts(video).uploadedAtMs, { backfill: true }),
  );
  for (let user = 0; user < userCount; user += 1) {
    const userId = `user-${user}`;
    const atMs = FIRST_DAY_MS + Math.floor((user / userCount) * dayCount * DAY_MS);
    const shown = new Set(Array.from({ length: ITEMS_PER_LIST }, () => Math.floor(videoCount * random.next() ** 2)));
    const items = [...shown].map((video, position) =>
      impressionItemOf(`video-${video}`, { impressionId: `${userId}-${video}`, position, video: facts(video) }),
    );
    events.push(eventOf(impressionsServedOf(userId, items, { requestId: userId }), atMs, { backfill: true }));
    const [video] = shown;
    const watched = watch(userId, video, `playback-${user}`, 100 * random.next(), `${userId}-${video}`);
    events.push(eventOf(watched, atMs + 60_000, { backfill: true }));
  }
  return events;
}

function watch(userId: string, video: number, playbackId: string, positionSeconds: number, impressionId: string) {
  return watchOf(userId, `video-${video}`, { playbackId, positionSeconds, impressionId, video: facts(video) });
}

/** Brings events through the embedded log into the embedded archive, as ingestion does. */
export async function archiveEvents(dataDirectory: string, events: readonly Event[]): Promise<void> {
  const paths = embeddedPaths(dataDirectory);
  const log = openEmbeddedEventLog(paths.eventLog);
  const archive = openParquetArchive(paths.archive);
  try {
    await log.ensureTopics([{ name: TOPICS.activity, partitionCount: PARTITION_COUNT }, CATALOG_TOPIC]);
    for (const topic of [TOPICS.activity, TOPICS.catalog]) {
      const records = events
        .filter((event) => (topic === TOPICS.catalog) === isOfCatalogue(event))
        .map((event) => ({ key: keyOf(event), value: Event.encode(event).finish(), timestampMs: event.receivedAtMs }));
      if (records.length > 0) await log.append(topic, records);
      const subscription = await log.tail(topic, {
        async onRecords(tailed) {
          for (const partition of new Set(tailed.map((record) => record.partition))) {
            const next = (await archive.nextOffset(topic, partition)) ?? 0;
            const run = tailed.filter((record) => record.partition === partition && record.offset >= next);
            if (run.length > 0) await archive.write(topic, partition, run);
          }
        },
      });
      await subscription.stop();
    }
  } finally {
    await Promise.all([log.close(), archive.close()]);
  }
}

const isOfCatalogue = ({ body }: Event) => body?.$case === 'videoUpserted' || body?.$case === 'videoWithdrawn';

function keyOf({ body }: Event): string {
  if (body === undefined) throw new Error('an event without a body has no key');
  return 'videoId' in body.value && !('userId' in body.value)
    ? body.value.videoId
    : (body.value as { userId: string }).userId;
}
