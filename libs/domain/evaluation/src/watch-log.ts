/** Watches as indices, user by user: what the counting baselines of next-watch prediction learn from. */
export interface WatchLog {
  readonly userIds: readonly string[];
  readonly videoIds: readonly string[];
  /** Users' ranges in `videos`: [userIds.length + 1]. */
  readonly starts: Int32Array;
  /** Indices into `videoIds`, each user's in the order of watching. */
  readonly videos: Int32Array;
  /** When each watch began, ms since epoch; undefined where only the order is known. */
  readonly atMs: Float64Array | undefined;
}

/** What a scorer is asked. */
export interface WatchQuery {
  readonly userId: string;
  /** All earlier watches of the user, oldest first: indices into the log's `videoIds`, those it lacks left out. */
  readonly history: Int32Array;
  /** When it is asked, ms since epoch; NaN where only the order is known. */
  readonly atMs: number;
}

/** Scores the whole catalogue of a watch log for a query. */
export interface NextWatchScorer {
  /** In the order of the log's `videoIds`; valid until the next call. */
  score(query: WatchQuery): ArrayLike<number>;
}

export interface Watch {
  readonly userId: string;
  readonly videoId: string;
  readonly atMs: number;
}

/**
 * Groups watches by user, users and videos in order of first appearance.
 *
 * @param watches each user's in order; users may be mixed
 * @param timed whether their times mean anything
 * @param moreVideoIds videos of the catalogue that may have no watch
 */
export function watchLogOf(watches: readonly Watch[], timed: boolean, moreVideoIds: Iterable<string> = []): WatchLog {
  const users = new Indices();
  const videoIndices = new Indices();
  const counts: number[] = [];
  for (const { userId, videoId } of watches) {
    const user = users.indexOf(userId);
    counts[user] = (counts[user] ?? 0) + 1;
    videoIndices.indexOf(videoId);
  }
  for (const videoId of moreVideoIds) videoIndices.indexOf(videoId);
  const starts = new Int32Array(counts.length + 1);
  counts.forEach((count, user) => (starts[user + 1] = starts[user] + count));
  const next = starts.slice();
  const videos = new Int32Array(watches.length);
  const times = timed ? new Float64Array(watches.length) : undefined;
  for (const { userId, videoId, atMs } of watches) {
    const at = next[users.indexOf(userId)]++;
    videos[at] = videoIndices.indexOf(videoId);
    if (times) times[at] = atMs;
  }
  return { userIds: users.ids, videoIds: videoIndices.ids, starts, videos, atMs: times };
}

/** Watches of each video. */
export function watchCounts({ videoIds, videos }: WatchLog): Float64Array {
  const counts = new Float64Array(videoIds.length);
  for (const video of videos) counts[video] += 1;
  return counts;
}

/** The user that each position of `log.videos` belongs to. */
export function usersOfPositions({ starts, videos }: WatchLog): Int32Array {
  const users = new Int32Array(videos.length);
  for (let user = 0; user + 1 < starts.length; user += 1) users.fill(user, starts[user], starts[user + 1]);
  return users;
}

class Indices {
  readonly ids: string[] = [];
  private readonly indices = new Map<string, number>();

  indexOf(id: string): number {
    let index = this.indices.get(id);
    if (index === undefined) {
      index = this.ids.length;
      this.indices.set(id, index);
      this.ids.push(id);
    }
    return index;
  }
}
