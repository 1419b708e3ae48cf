/**
 * Where served lists lose what they lack to the oracle's, of the same viewers: from the oracle to the oracle held to the rules
 * of served lists, what the rules cost; from there to the ideal learner, what the log cannot tell; from there to our
 * ranker over the whole catalogue, what ranking loses; from there to what is served, what candidates lose.
 */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { UserState, VideoFacts } from '@watchnext/contract';
import type { LocalSystem } from '@watchnext/end-to-end';
import { partitionOf } from '@watchnext/event-log';
import { decodeState, newState, packStatisticsText, statisticsFromPacked } from '@watchnext/features';
import { encodeRankerOf, Ranker, RankerStack } from '@watchnext/inference';
import { loadModels } from '@watchnext/offline';
import {
  FROZEN_PARTITIONS,
  IdealLearner,
  Truth,
  type ListProvider,
  type Video,
  type Viewer,
  type ViewerMemory,
  type World,
} from '@watchnext/simulator';
import { SNAPSHOT_FILES } from '@watchnext/snapshot-store';
import { servedLists, SURFACE } from '../demo-world';

/** As the gateway's default (WATCHNEXT_CHANNEL_CAP), which the measured system runs with. */
const CHANNEL_CAP = 2;
/** Of the chain of each viewer; a longer one may come closer to what could be known. */
const IDEAL_ROUNDS = 300;

export interface Decomposition {
  /** In this order for each viewer: what is served changes the viewer's state, so it is asked for last of ours. */
  readonly providers: readonly ListProvider[];
  close(): Promise<void>;
}

/** @param name of the row of served lists */
export async function decompose(
  name: string,
  system: LocalSystem,
  world: World,
  memories: readonly ViewerMemory[],
): Promise<Decomposition> {
  const truth = new Truth(world);
  const ours = await CatalogueRanker.open(system, world);
  const ideal = new IdealLearner(world, { rounds: IDEAL_ROUNDS, seed: 1 });
  const known = new Map<number, Float64Array>();
  const provider = (
    row: string,
    list: (viewer: Viewer, limit: number, atMs: number) => readonly Video[] | Promise<readonly Video[]>,
  ): ListProvider => ({
    name: row,
    list: async (viewer, limit, atMs) => (await list(viewer, limit, atMs)).slice(0, limit).map(({ id }) => id),
  });
  const trueOrder = (viewer: Viewer, videos: readonly Video[], atMs: number) => {
    const moment = truth.momentOf(viewer.index, atMs);
    return inOrder(videos, ({ index }) => truth.valueAt(moment, index, memories[viewer.index]));
  };
  const idealOrder = (viewer: Viewer, videos: readonly Video[], atMs: number) => {
    let values = known.get(viewer.index);
    if (!values) {
      values = ideal.expectedValues(viewer.index, atMs, memories[viewer.index]);
      known.set(viewer.index, values);
    }
    const ofVideo = values;
    return inOrder(videos, ({ index }) => ofVideo[index]);
  };
  return {
    providers: [
      provider('our ranker, whole catalogue, no cap', (viewer, _, atMs) => ours.order(viewer, atMs)),
      provider('our ranker, whole catalogue', async (viewer, limit, atMs) =>
        withinCap(await ours.order(viewer, atMs), limit),
      ),
      servedLists(name, system),
      provider('ideal learner, held to the rules', async (viewer, limit, atMs) =>
        withinCap(idealOrder(viewer, await ours.showable(viewer, atMs), atMs), limit),
      ),
      provider('ideal learner', (viewer, _, atMs) => idealOrder(viewer, uploaded(world, atMs), atMs)),
      provider('oracle, held to the rules', async (viewer, limit, atMs) =>
        withinCap(trueOrder(viewer, await ours.showable(viewer, atMs), atMs), limit),
      ),
    ],
    close: () => ours.close(),
  };
}

/** Ranks every video for a viewer as ranking would, from the state as it is. */
class CatalogueRanker {
  private constructor(
    private readonly world: World,
    private readonly ranker: Ranker,
    private readonly readState: (userId: string) => Promise<UserState>,
    readonly close: () => Promise<void>,
  ) {}

  static async open(system: LocalSystem, world: World): Promise<CatalogueRanker> {
    const snapshots = system.openSnapshots();
    const snapshotId = await snapshots.readPointer();
    if (snapshotId === undefined) throw new Error('there is no snapshot to rank with');
    const local = await snapshots.fetch(snapshotId);
    const { ranking } = await loadModels(local);
    const text = createReadStream(join(local.directory, SNAPSHOT_FILES.statistics), 'utf8');
    const statistics = statisticsFromPacked(await packStatisticsText(text));
    const tower = await RankerStack.load(encodeRankerOf(ranking));
    const store = system.openFeatureStore();
    const readState = async (userId: string) => {
      const { state } = await store.read(partitionOf(userId, FROZEN_PARTITIONS), userId);
      return state === undefined ? newState(userId) : decodeState(state);
    };
    const ranker = new Ranker(ranking, tower, statistics);
    return new CatalogueRanker(world, ranker, readState, async () => {
      await Promise.all([tower.close(), store.close(), snapshots.close()]);
    });
  }

  /** What the gateway's filters let through: neither watched, as far as the state knows, nor dismissed. */
  async showable({ id }: Viewer, atMs: number): Promise<Video[]> {
    const { watches, dismissals } = await this.readState(id);
    const left = new Set([...watches, ...dismissals].map(({ videoId }) => videoId));
    return uploaded(this.world, atMs).filter((video) => !left.has(video.id));
  }

  /** All that may be shown, best first. */
  async order(viewer: Viewer, atMs: number): Promise<Video[]> {
    const videos = await this.showable(viewer, atMs);
    const state = await this.readState(viewer.id);
    const context = {
      requestedAtMs: atMs,
      surface: SURFACE,
      country: viewer.country,
      device: viewer.device,
      loggedIn: state.profile !== undefined,
      seedVideoId: '',
    };
    const candidates = videos.map((video) => ({
      videoId: video.id,
      video: factsOf(video, this.world),
      source: 'retrieval',
      sourceScore: 0,
    }));
    const { model } = this.ranker;
    const scores = await this.ranker.score(state, context, candidates, false, ({ logits }) =>
      candidates.map((_, row) => model.scoreOf(logits, row).expectedWatchSeconds),
    );
    const scoreOf = new Map(videos.map(({ index }, row) => [index, scores[row]]));
    return inOrder(videos, ({ index }) => scoreOf.get(index)!);
  }
}

function factsOf(video: Video, { topics }: World): VideoFacts {
  return {
    channelId: video.channel.id,
    topics: video.topicIndices.map((index) => topics[index].name),
    durationSeconds: video.durationSeconds,
    uploadedAtMs: video.uploadedAtMs,
  };
}

const uploaded = (world: World, atMs: number) => world.videos.filter(({ uploadedAtMs }) => uploadedAtMs <= atMs);

function inOrder<Item>(items: readonly Item[], valueOf: (item: Item) => number): Item[] {
  return items
    .map((item) => ({ item, value: valueOf(item) }))
    .sort((a, b) => b.value - a.value)
    .map(({ item }) => item);
}

/** The best `limit` with at most `CHANNEL_CAP` of a channel. */
function withinCap(videos: readonly Video[], limit: number): Video[] {
  const counts = new Map<string, number>();
  const kept: Video[] = [];
  for (const video of videos) {
    if (kept.length === limit) break;
    const count = counts.get(video.channel.id) ?? 0;
    if (count === CHANNEL_CAP) continue;
    counts.set(video.channel.id, count + 1);
    kept.push(video);
  }
  return kept;
}
