/**
 * Baselines that count which videos are watched with which. Each scores the catalogue by a weighted sum of rows of a
 * sparse matrix, one row for each video of the history that it looks at, and lets popularity decide the rest.
 */
import { addRow, type SparseRows, SparseRowsBuilder } from './sparse-rows';
import { type NextWatchScorer, usersOfPositions, watchCounts, type WatchLog } from './watch-log';

/** Share of the smallest counted step that popularity may move a score by: it breaks ties and fills up lists. */
const TIE_BREAK = 1e-6;

/** Positions of each video in `log.videos`, as ranges. */
function occurrences({ videoIds, videos }: WatchLog): { starts: Int32Array; positions: Int32Array } {
  const starts = new Int32Array(videoIds.length + 1);
  for (const video of videos) starts[video + 1] += 1;
  for (let video = 0; video < videoIds.length; video += 1) starts[video + 1] += starts[video];
  const next = starts.slice();
  const positions = new Int32Array(videos.length);
  videos.forEach((video, position) => (positions[next[video]++] = position));
  return { starts, positions };
}

function popularityShares(log: WatchLog): Float64Array {
  const counts = watchCounts(log);
  const total = Math.max(log.videos.length, 1);
  return counts.map((count) => count / total);
}

export interface ItemKnnOptions {
  /** Neighbours kept of each video. */
  readonly neighbourCount?: number;
  /** Only so many of a user's latest watches count as watched together: pairs grow with the square. */
  readonly watchesPerUser?: number;
}

/**
 * Item-based nearest neighbours (Sarwar et al. 2001): the cosine of two videos' sets of users, summed over all videos of
 * the history.
 */
export function itemKnnScorer(log: WatchLog, options: ItemKnnOptions = {}): NextWatchScorer {
  const { neighbourCount = 200, watchesPerUser = 500 } = options;
  const { starts, videos } = log;
  const { starts: videoStarts, positions } = occurrences(log);
  const users = usersOfPositions(log);
  const distinct = (user: number) => [
    ...new Set(videos.subarray(Math.max(starts[user], starts[user + 1] - watchesPerUser), starts[user + 1])),
  ];
  const setOfUser = Array.from({ length: log.userIds.length }, (_, user) => distinct(user));
  const userCounts = new Float64Array(log.videoIds.length);
  for (const set of setOfUser) for (const video of set) userCounts[video] += 1;
  const builder = new SparseRowsBuilder(log.videoIds.length);
  for (let video = 0; video < log.videoIds.length; video += 1) {
    let lastUser = -1;
    for (let i = videoStarts[video]; i < videoStarts[video + 1]; i += 1) {
      const user = users[positions[i]];
      // Positions ascend, so a user's repeats stand side by side.
      if (user === lastUser || positions[i] < starts[user + 1] - watchesPerUser) continue;
      lastUser = user;
      for (const other of setOfUser[user]) if (other !== video) builder.add(other, 1);
    }
    builder.endRow(neighbourCount, (other) => 1 / Math.sqrt(userCounts[video] * userCounts[other]));
  }
  const similar = builder.build();
  const shares = popularityShares(log);
  const scores = new Float64Array(log.videoIds.length);
  return {
    score({ history }) {
      shares.forEach((share, video) => (scores[video] = TIE_BREAK * share));
      for (const video of new Set(history)) addRow(similar, video, 1, scores);
      return scores;
    },
  };
}

/** First-order Markov chain: how often a video came right after the last one watched; popularity breaks ties. */
export function lastItemMarkovScorer(log: WatchLog): NextWatchScorer {
  const followers = followerRows(log, { window: 1, decay: 1, backward: 0 });
  const shares = popularityShares(log);
  const scores = new Float64Array(log.videoIds.length);
  return {
    score({ history }) {
      shares.forEach((share, video) => (scores[video] = TIE_BREAK * share));
      const last = history.at(-1);
      if (last !== undefined) addRow(followers, last, 1, scores);
      return scores;
    },
  };
}

export interface CoOccurrenceOptions {
  /** Watches apart at which two still count as watched together, and watches of the history that are looked at. */
  readonly window: number;
  /** Weight of a pair for each watch further apart, and of a watch of the history for each watch further back. */
  readonly decay: number;
  /** Weight of "j came before i" beside that of "j came after i". */
  readonly backward: number;
  /** Watches of the popularity distribution that are mixed into each row (Dirichlet smoothing). */
  readonly smoothing: number;
}

/**
 * Chosen on the validation watches of MovieTweetings (HR@10 / HR@100): these .237 / .508; without smoothing .223 / .489;
 * smoothing 50 .234 / .518; backward 0.5 .224 / .518; decay 0.6 and backward 0.5 .228 / .505; window 50 and decay 0.95
 * .207 / .521.
 */
export const DEFAULT_CO_OCCURRENCE: CoOccurrenceOptions = { window: 10, decay: 0.8, backward: 0, smoothing: 20 };

/**
 * Windowed co-occurrence with decay: P(j | i) from videos watched within a window of i, nearer ones weighing more,
 * smoothed by popularity, summed over the end of the history with the same decay:
 *
 *   score(j) = Σ_d decay^d · (C_ij + μ·p_j) / (C_i + μ),  i = the d-th video from the end of the history
 */
export function coOccurrenceScorer(
  log: WatchLog,
  options: CoOccurrenceOptions = DEFAULT_CO_OCCURRENCE,
): NextWatchScorer {
  const { window, decay, smoothing } = options;
  const rows = followerRows(log, options);
  const masses = rowSums(rows, log.videoIds.length);
  const shares = popularityShares(log);
  const scores = new Float64Array(log.videoIds.length);
  return {
    score({ history }) {
      scores.fill(0);
      let popularityWeight = history.length === 0 ? 1 : 0;
      for (let back = 0; back < Math.min(window, history.length); back += 1) {
        const video = history[history.length - 1 - back];
        const weight = decay ** back / (masses[video] + smoothing || 1);
        addRow(rows, video, weight, scores);
        popularityWeight += weight * smoothing;
      }
      for (let video = 0; video < scores.length; video += 1)
        scores[video] += (popularityWeight + TIE_BREAK) * shares[video];
      return scores;
    },
  };
}

/** Row i: for each video j, Σ decay^(distance − 1) over the pairs within the window in which j came after i. */
function followerRows(log: WatchLog, options: Pick<CoOccurrenceOptions, 'window' | 'decay' | 'backward'>): SparseRows {
  const { starts, videos } = log;
  const { starts: videoStarts, positions } = occurrences(log);
  const users = usersOfPositions(log);
  const builder = new SparseRowsBuilder(log.videoIds.length);
  for (let video = 0; video < log.videoIds.length; video += 1) {
    for (let i = videoStarts[video]; i < videoStarts[video + 1]; i += 1) {
      const position = positions[i];
      const user = users[position];
      for (let distance = 1; distance <= options.window; distance += 1) {
        const weight = options.decay ** (distance - 1);
        const after = position + distance;
        const before = position - distance;
        if (after < starts[user + 1] && videos[after] !== video) builder.add(videos[after], weight);
        if (options.backward > 0 && before >= starts[user] && videos[before] !== video) {
          builder.add(videos[before], weight * options.backward);
        }
      }
    }
    builder.endRow();
  }
  return builder.build();
}

function rowSums({ starts, values }: SparseRows, rowCount: number): Float64Array {
  const sums = new Float64Array(rowCount);
  for (let row = 0; row < rowCount; row += 1)
    for (let i = starts[row]; i < starts[row + 1]; i += 1) sums[row] += values[i];
  return sums;
}
