/** What takes minutes and is the same each time: catalogue, states, models and index, kept in a folder between runs. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { embeddedPaths } from '@watchnext/config';
import { Event, type IndexParameters, TOPICS, topicSpecs } from '@watchnext/contract';
import { eventIdOf } from '@watchnext/datasets';
import type { StatisticsTables } from '@watchnext/features';
import { type EventLog, openEmbeddedEventLog } from '@watchnext/event-log';
import { openEmbeddedFeatureStore } from '@watchnext/feature-store';
import type { RankingPrecision } from '@watchnext/ranking-model';
import { eventsOf, foldHistories } from './fold-histories';
import { MadeWorld } from './made-world';
import { makeRankingIn, rankingFolder } from './ranking-precision';
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
const VERSION = 5;
const APPENDED_AT_ONCE = 20_000;
/** Viewers whose last watches stand in the log, for what is popular now. */
const TAIL_USERS = 20_000;

export interface PreparedWorld {
  readonly folder: string;
  readonly index: IndexParameters;
  readonly events: number;
  readonly impressions: number;
  readonly meanStateBytes: number;
  readonly preparedAt: string;
  /** Of the rankers that are served. */
  readonly rankingPrecision: RankingPrecision;
}

/** Two snapshots that differ in their rankers and share the rest. */
export const VARIANTS = ['a', 'b'] as const;
export type Variant = (typeof VARIANTS)[number];

/** Folders whose files make up a snapshot. */
export const partsOf = ({ folder, rankingPrecision }: PreparedWorld, variant: Variant): string[] => [
  join(folder, 'candidate'),
  rankingFolder(folder, variant, rankingPrecision),
];

/** @returns what lies in `work` already where it was made with these options, or else makes it */
export async function prepareWorld(
  options: WorldOptions,
  rankingPrecision: RankingPrecision,
  work: string,
  say: (text: string) => void,
): Promise<PreparedWorld> {
  const made = await madeWorld(options, work, say);
  for (const variant of VARIANTS) await makeRankingIn(rankingPrecision, made.folder, variant);
  return { ...made, rankingPrecision };
}

/** What is the same for any precision. */
async function madeWorld(
  options: WorldOptions,
  work: string,
  say: (text: string) => void,
): Promise<Omit<PreparedWorld, 'rankingPrecision'>> {
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
  say(`preparing ${folder}`);
  mkdirSync(folder, { recursive: true });
  const stage = stagesIn(folder, say);
  const paths = embeddedPaths(folder);
  const { nowMs } = await stage('begun', [], async () => ({ nowMs: Date.now() }));
  const world = new MadeWorld({ ...options, nowMs });
  const { ends } = await stage('log', [paths.eventLog], () => writeLog(world, paths.eventLog, say));
  const statisticsFile = join(folder, 'statistics.json');
  const folded = await stage('states', [paths.featureStore], async () => {
    const { statistics, ...counts } = await writeStates(world, paths.featureStore, ends, say);
    writeFileSync(statisticsFile, JSON.stringify(statistics));
    return counts;
  });
  const candidate = join(folder, 'candidate');
  const { index } = await stage('candidate', [candidate], async () => ({
    index: await writeCandidatePart(world, candidate, say),
  }));
  const statistics = JSON.parse(readFileSync(statisticsFile, 'utf8')) as StatisticsTables;
  for (const [place, variant] of VARIANTS.entries()) {
    const ranking = rankingFolder(folder, variant, 'float32');
    await stage(`ranking-${variant}`, [ranking], async () => {
      await writeRankingPart(world, statistics, options.ranker, ranking, place);
      return {};
    });
  }
  const prepared = {
    folder,
    index,
    events: folded.events,
    impressions: folded.impressions,
    meanStateBytes: Math.round(folded.stateBytes / options.users),
    preparedAt: new Date().toISOString(),
  };
  writeFileSync(done, JSON.stringify(prepared));
  return prepared;
}

/** Stages that were done are not done again after an interruption; of the one that it fell into nothing is kept. */
function stagesIn(folder: string, say: (text: string) => void) {
  return async <Result extends object>(
    name: string,
    leaves: readonly string[],
    work: () => Promise<Result>,
  ): Promise<Result> => {
    const file = join(folder, `${name}.stage.json`);
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Result;
    for (const path of leaves) rmSync(path, { recursive: true, force: true });
    const startedAt = performance.now();
    const result = await work();
    writeFileSync(file, JSON.stringify(result));
    say(`${name}: ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
    return result;
  };
}

async function writeLog(world: MadeWorld, directory: string, say: (text: string) => void) {
  const log = openEmbeddedEventLog(directory);
  try {
    await log.ensureTopics(Object.values(topicSpecs(PARTITIONS)));
    await tellCatalogue(world, log, say);
    await tellLastWatches(world, log);
    const bounds = await log.bounds(TOPICS.activity);
    return { ends: bounds.map(({ partition, endOffset }) => ({ partition, endOffset })) };
  } finally {
    await log.close();
  }
}

async function writeStates(
  world: MadeWorld,
  directory: string,
  ends: readonly { readonly partition: number; readonly endOffset: number }[],
  say: (text: string) => void,
) {
  const store = openEmbeddedFeatureStore(directory);
  try {
    return await foldHistories(world, {
      store,
      partitionCount: PARTITIONS,
      offsetOf: (partition) => ends.find((one) => one.partition === partition)!.endOffset - 1,
      onProgress: (users) => {
        if (users % 10_000 === 0) say(`states: ${users} of ${world.options.users}`);
      },
    });
  } finally {
    await store.close();
  }
}

async function tellCatalogue(world: MadeWorld, log: EventLog, say: (text: string) => void): Promise<void> {
  const { videos, nowMs } = world.options;
  const record = (videoId: string, body: Event['body']) => ({
    key: videoId,
    value: Event.encode({
      eventId: eventIdOf(nowMs, `catalogue-${videoId}-${body!.$case}`),
      occurredAtMs: nowMs,
      receivedAtMs: nowMs,
      producer: 'bench',
      backfill: false,
      body,
    }).finish(),
  });
  // In the order of their ids, as the log looks each up to keep the newest only.
  const order = Array.from({ length: videos }, (_, video) => video).sort((a, b) =>
    MadeWorld.videoId(a) < MadeWorld.videoId(b) ? -1 : 1,
  );
  for (let from = 0; from < videos; from += APPENDED_AT_ONCE) {
    const batch = order.slice(from, from + APPENDED_AT_ONCE).map((video) => {
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
    await setImmediate();
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
