/** What served lists are worth in truth, beside the best and the plainest lists there are. */
import { percent, textTable } from '@watchnext/command-line';
import { createRandom, mean } from '@watchnext/learning';
import type { Popularity } from './popularity';
import type { ViewerMemory } from './memory';
import { Truth } from './truth';
import type { Video, Viewer, World } from './world';

/** Something that makes lists: the gateway, a snapshot in memory, a baseline. */
export interface ListProvider {
  readonly name: string;
  /** @returns video ids, first place first; shorter than `limit` counts as empty places */
  list(viewer: Viewer, limit: number, atMs: number): Promise<readonly string[]>;
}

export interface ListEvaluation {
  readonly name: string;
  /** Mean over viewers of the list's expected watch seconds (`Truth.listWatchSeconds`). */
  readonly meanWatchSeconds: number;
  /** Of that mean, over viewers. */
  readonly standardError: number;
  readonly meanClicks: number;
  /** Share of the places that hold clickbait. */
  readonly clickbaitShare: number;
  /** Share of the oracle's mean. */
  readonly shareOfOracle: number;
  /** Places without a video, or with one that the world does not know. */
  readonly emptyPlaces: number;
  /** Expected watch seconds of each viewer's list, in the order of the viewers. */
  readonly watchSeconds: readonly number[];
}

/** The true effect of serving one kind of list instead of another, per list. */
export interface ListEffect {
  readonly meanWatchSeconds: number;
  /** Of that mean, over viewers, paired. */
  readonly standardError: number;
}

/** What changes when the viewers of an evaluation are served the lists of `after` instead of those of `before`. */
export function trueEffect(before: ListEvaluation, after: ListEvaluation): ListEffect {
  if (before.watchSeconds.length !== after.watchSeconds.length)
    throw new RangeError('an effect needs both lists of the same viewers');
  const differences = after.watchSeconds.map((value, i) => value - before.watchSeconds[i]);
  return { meanWatchSeconds: mean(differences), standardError: standardError(differences) };
}

export interface EvaluateOptions {
  readonly world: World;
  readonly memories: readonly ViewerMemory[];
  readonly viewers: readonly Viewer[];
  readonly limit: number;
  /** The moment of each viewer's request. Default: now. */
  readonly now?: () => number;
  readonly providers: readonly ListProvider[];
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Asks every provider for a list for each viewer and takes its true value. The oracle's list is always evaluated, as
 * the last row. All of a viewer's lists are valued at one moment and with one memory.
 */
export async function evaluateLists(options: EvaluateOptions): Promise<ListEvaluation[]> {
  const { world, memories, viewers, limit } = options;
  const truth = new Truth(world);
  const oracle: ListProvider = {
    name: 'oracle',
    list: async (viewer, size, atMs) =>
      truth.oracleList(viewer, size, atMs, memories[viewer.index]).map((video) => video.id),
  };
  const providers = [...options.providers, oracle];
  const sums = providers.map(() => ({ values: [] as number[], clicks: 0, clickbait: 0, places: 0, empty: 0 }));
  for (const [done, viewer] of viewers.entries()) {
    const atMs = (options.now ?? Date.now)();
    const memory = memories[viewer.index];
    for (const [index, provider] of providers.entries()) {
      const ids = (await provider.list(viewer, limit, atMs)).slice(0, limit);
      const sum = sums[index];
      const videos = ids.map((id) => world.video(id)).filter((video) => video !== undefined);
      sum.values.push(truth.listWatchSeconds(viewer, videos, atMs, memory));
      for (const [position, video] of videos.entries()) {
        sum.clicks += truth.clickProbability(viewer, video, position, atMs, memory);
        sum.clickbait += video.clickbait ? 1 : 0;
      }
      sum.places += videos.length;
      sum.empty += limit - videos.length;
    }
    options.onProgress?.(done + 1, viewers.length);
  }
  const oracleMean = mean(sums[sums.length - 1].values);
  return providers.map(({ name }, index) => {
    const { values, clicks, clickbait, places, empty } = sums[index];
    return {
      name,
      meanWatchSeconds: mean(values),
      standardError: standardError(values),
      meanClicks: clicks / viewers.length,
      clickbaitShare: places === 0 ? 0 : clickbait / places,
      shareOfOracle: mean(values) / oracleMean,
      emptyPlaces: empty,
      watchSeconds: values,
    };
  });
}

/** The most watched of the last seven days, those left out that the viewer has watched: one list for everybody. */
export function popularityProvider(
  world: World,
  popularity: Popularity,
  memories: readonly ViewerMemory[],
): ListProvider {
  const ranked = byWatches(world, (video) => popularity.recentWatchCount(video.index));
  return {
    name: 'popularity',
    list: async (viewer, limit, atMs) => idsOf(firstUnwatched(ranked, memories[viewer.index], limit, atMs)),
  };
}

/** The same, counted in the viewer's country. */
export function popularityByCountryProvider(
  world: World,
  popularity: Popularity,
  memories: readonly ViewerMemory[],
): ListProvider {
  const ranked = new Map<string, Video[]>();
  return {
    name: 'popularity by country',
    list: async ({ country, index }, limit, atMs) => {
      let own = ranked.get(country);
      if (!own) {
        own = byWatches(world, (video) => popularity.recentWatchCount(video.index, country));
        ranked.set(country, own);
      }
      return idsOf(firstUnwatched(own, memories[index], limit, atMs));
    },
  };
}

/** What a viewer's order has first of those that are there, unwatched and not dismissed. @param orderOf ids of videos, best first */
export function orderProvider(
  name: string,
  world: World,
  memories: readonly ViewerMemory[],
  orderOf: (viewer: Viewer) => readonly string[],
): ListProvider {
  const videos = new Map(world.videos.map((video) => [video.id, video]));
  return {
    name,
    list: async (viewer, limit, atMs) => {
      const order = orderOf(viewer).flatMap((videoId) => videos.get(videoId) ?? []);
      return idsOf(firstUnwatched(order, memories[viewer.index], limit, atMs));
    },
  };
}

function byWatches(world: World, countOf: (video: Video) => number): Video[] {
  return world.videos
    .map((video) => ({ video, count: countOf(video) }))
    .sort((a, b) => b.count - a.count || a.video.index - b.video.index)
    .map(({ video }) => video);
}

/** Any videos that the viewer has not watched. */
export function randomProvider(world: World, memories: readonly ViewerMemory[], seed: number): ListProvider {
  const base = createRandom(seed);
  return {
    name: 'random',
    list: async (viewer, limit, atMs) => {
      const random = base.fork(`random list ${viewer.index}`);
      const order = world.videos.map((video) => ({ video, key: random.next() })).sort((a, b) => a.key - b.key);
      return idsOf(
        firstUnwatched(
          order.map(({ video }) => video),
          memories[viewer.index],
          limit,
          atMs,
        ),
      );
    },
  };
}

/**
 * A fixed choice of viewers who are there when the history ends, every n-th, so that all degrees of activity are among
 * them; programs are not.
 *
 * @param offset another number, other viewers
 */
export function chooseViewers(world: World, count: number, offset = 0): Viewer[] {
  const { bot, leaveDay, joinDay } = world.population;
  const { dayCount } = world.options;
  const there = world.viewers.filter(
    ({ index }) => !bot[index] && leaveDay[index] > dayCount && joinDay[index] < dayCount,
  );
  const stride = Math.max(1, Math.floor(there.length / count));
  return there.filter((_, place) => place % stride === offset % stride).slice(0, count);
}

export function formatEvaluation(rows: readonly ListEvaluation[], limit: number, viewerCount: number): string {
  return [
    `True value of a list of ${limit}: expected watch seconds summed over its places, examination falling with each; mean of ${viewerCount} viewers`,
    textTable(
      ['list', 'watch seconds', 'of oracle', 'clicks', 'clickbait'],
      rows.map((row) => [
        row.name,
        `${row.meanWatchSeconds.toFixed(1)} ± ${row.standardError.toFixed(1)}`,
        percent(row.shareOfOracle, 0),
        row.meanClicks.toFixed(2),
        percent(row.clickbaitShare, 0),
      ]),
    ),
  ].join('\n');
}

function firstUnwatched(ranked: readonly Video[], memory: ViewerMemory, limit: number, atMs: number): Video[] {
  const chosen: Video[] = [];
  for (const video of ranked) {
    if (chosen.length === limit) break;
    if (video.uploadedAtMs <= atMs && !memory.isWatched(video.index) && !memory.isDismissed(video.index))
      chosen.push(video);
  }
  return chosen;
}

const idsOf = (videos: readonly Video[]) => videos.map((video) => video.id);

function standardError(values: readonly number[]): number {
  if (values.length < 2) return NaN;
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1) / values.length);
}
