/** What takes minutes and is the same each time: catalogue, states, models and index, kept in a folder between runs. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { embeddedPaths } from '@watchnext/config';
import { Event, type IndexParameters, TOPICS, topicSpecs } from '@watchnext/contract';
import { type EventLog, openEmbeddedEventLog } from '@watchnext/event-log';
import { openEmbeddedFeatureStore } from '@watchnext/feature-store';
import { eventsOf, foldHistories } from './fold-histories';
import { MadeWorld } from './made-world';
import { writeCandidatePart, writeRankingPart } from './snapshot-files';

export interface WorldOptions {
  readonly videos: number;
  readonly users: number;
  readonly dimensions: number;
  /** Hidden layers of the ranker. */
  readonly ranker: readonly number[];
  readonly seed: number;
}

/** Of the activity topic. */
export const PARTITIONS = 4;
/** Changed with anything that makes other files of the same options. */
const VERSION = 1;
const APPENDED_AT_ONCE = 20_000;
/** Viewers whose last watches stand in the log, for what is popular now: half of what a gateway looks back on. */
const TAIL_USERS = 100_000;

export interface PreparedWorld {
  readonly folder: string;
  readonly index: IndexParameters;
  readonly events: number;
  readonly impressions: number;
  readonly meanStateBytes: number;
  readonly preparedAt: string;
}

/** Two snapshots that differ in their rankers and share the rest. */
export const VARIANTS = ['a', 'b'] as const;
export type Variant = (typeof VARIANTS)[number];

/** Folders whose files make up a snapshot. */
export const partsOf = ({ folder }: PreparedWorld, variant: Variant): string[] => [
  join(folder, 'candidate'),
  join(folder, `ranking-${variant}`),
];

/** @returns what lies in `work` already where it was made with these options, or else makes it */
export async function prepareWorld(
  options: WorldOptions,
  work: string,
  say: (text: string) => void,
): Promise<PreparedWorld> {
  const name = createHash('sha256')
    .update(JSON.stringify({ VERSION, PARTITIONS, ...options }))
    .digest('hex')
    .slice(0, 12);
  const folder = join(work, `world-${options.videos}-${options.users}-${name}`);
  const done = join(folder, 'prepared.json');
  if (existsSync(done)) {
    say(`prepared already: ${folder}`);
    return { ...(JSON.parse(readFileSync(done, 'utf8')) as PreparedWorld), folder };
  }
  // What an interrupted run left is of no use.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  say(`preparing ${folder}`);
  const world = new MadeWorld({ ...options, nowMs: Date.now() });
  const paths = embeddedPaths(folder);
  const log = openEmbeddedEventLog(paths.eventLog);
  const store = openEmbeddedFeatureStore(paths.featureStore);
  try {
    await log.ensureTopics(Object.values(topicSpecs(PARTITIONS)));
    await tellCatalogue(world, log, say);
    await tellLastWatches(world, log);
    const ends = await log.bounds(TOPICS.activity);
    const folded = await foldHistories(world, {
      store,
      partitionCount: PARTITIONS,
      offsetOf: (partition) => ends.find((one) => one.partition === partition)!.endOffset - 1,
      onProgress: (users) => {
        if (users % 10_000 === 0) say(`states: ${users} of ${options.users}`);
      },
    });
    const index = await writeCandidatePart(world, join(folder, 'candidate'), say);
    for (const [place, variant] of VARIANTS.entries()) {
      say(`ranking model ${variant}`);
      await writeRankingPart(world, folded.statistics, options.ranker, join(folder, `ranking-${variant}`), place);
    }
    const prepared: PreparedWorld = {
      folder,
      index,
      events: folded.events,
      impressions: folded.impressions,
      meanStateBytes: Math.round(folded.stateBytes / options.users),
      preparedAt: new Date().toISOString(),
    };
    writeFileSync(done, JSON.stringify(prepared));
    return prepared;
  } finally {
    await Promise.all([log.close(), store.close()]);
  }
}

async function tellCatalogue(world: MadeWorld, log: EventLog, say: (text: string) => void): Promise<void> {
  const { videos, nowMs } = world.options;
  const record = (videoId: string, body: Event['body']) => ({
    key: videoId,
    value: Event.encode({
      eventId: `catalogue-${videoId}-${body!.$case}`,
      occurredAtMs: nowMs,
      receivedAtMs: nowMs,
      producer: 'bench',
      backfill: false,
      body,
    }).finish(),
  });
  for (let from = 0; from < videos; from += APPENDED_AT_ONCE) {
    const batch = Array.from({ length: Math.min(APPENDED_AT_ONCE, videos - from) }, (_, i) => {
      const video = from + i;
      const videoId = MadeWorld.videoId(video);
      const value = {
        videoId,
        title: `Video ${video}`,
        video: world.factsOf(video),
        thumbnailUrl: '',
        availability: world.availabilityOf(video),
      };
      return record(videoId, { $case: 'videoUpserted', value });
    });
    await log.append(TOPICS.catalog, batch);
    if ((from / APPENDED_AT_ONCE) % 10 === 0) say(`catalogue: ${from} of ${videos}`);
  }
  const withdrawn = Array.from({ length: videos }, (_, video) => video).filter((video) => world.isWithdrawn(video));
  await log.append(
    TOPICS.catalog,
    withdrawn.map((video) => {
      const videoId = MadeWorld.videoId(video);
      return record(videoId, { $case: 'videoWithdrawn', value: { videoId, reason: 'bench' } });
    }),
  );
}

/** So that there are trends: these watches are in the states, too. */
async function tellLastWatches(world: MadeWorld, log: EventLog): Promise<void> {
  const users = Math.min(TAIL_USERS, world.options.users);
  for (let from = 0; from < users; from += APPENDED_AT_ONCE) {
    const batch = Array.from({ length: Math.min(APPENDED_AT_ONCE, users - from) }, (_, i) => from + i).flatMap(
      (user) => {
        const last = eventsOf(world, user).findLast(({ body }) => body?.$case === 'watch');
        return last ? [{ key: MadeWorld.userId(user), value: Event.encode(last).finish() }] : [];
      },
    );
    await log.append(TOPICS.activity, batch);
  }
}
