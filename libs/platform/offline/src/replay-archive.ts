import { TOPICS } from '@watchnext/contract';
import { spanOfDays } from '@watchnext/evaluation';
import type { EventArchive } from '@watchnext/event-archive';
import { type BegunPlayback, DAY_MS, type KnownBefore, replayUserInto, StatisticsTimeline } from '@watchnext/features';
import { NothingToReplayError } from './errors';
import { CandidateExamples } from './examples/candidate-examples';
import { TextTable } from './examples/columns';
import { CompletedWatches } from './examples/completed-watches';
import { RankingExamples } from './examples/ranking-examples';
import { FactsByNumber } from './facts-by-number';
import type { Catalogue, ReplayedLog } from './replayed-log';
import { StatisticsByNumber } from './statistics-by-number';
import { type ReadCounts, readUserRecords } from './user-records';

export interface ReplayOptions {
  readonly partitionCount: number;
  readonly joinWindowMs: number;
  /** As in `replayUser`; default: the join window. */
  readonly settledAfterMs?: number;
  /** As in `replayUser`: from this age on impressions are in the statistics, though not yet among the examples; default: once settled. */
  readonly countedAfterMs?: number;
  /**
   * Candidate examples kept of one user, the last to begin in the log; default: all. Who cuts the log by time bounds each side by itself:
   * what is kept here of a user may all lie after the cut. An example takes about as much as a completed watch, of which all are kept.
   */
  readonly examplesPerUser?: number;
  /** As in `replayUser`. */
  readonly withWatchTimes?: boolean;
  /**
   * Examples and completed watches are of that many days at the end of the log and of the rest of the UTC day before them, and of strays
   * after that end (`spanOfLog`); default: of any.
   * What came before is read and folded all the same, so features and counts are those of the whole log.
   */
  readonly exampleDays?: number;
}

export interface ReplayCounts extends Readonly<ReadCounts> {
  readonly refusedCount: number;
}

/**
 * Replays the archive through the reducer that serves, user by user, and takes the examples of both models as it goes.
 *
 * @param onProgress records done, of how many, users so far
 * @throws NothingToReplayError for an empty archive and for another partition count than the log's, ArchiveCorruptError naming a
 *   file that cannot be read
 */
export async function replayArchive(
  archive: EventArchive,
  catalogue: Catalogue,
  options: ReplayOptions,
  signal: AbortSignal,
  onProgress: (done: number, total: number, userCount: number) => void = () => undefined,
): Promise<{ replayed: ReplayedLog; counts: ReplayCounts }> {
  const extent = await archive.extent(TOPICS.activity);
  if (extent.recordCount === 0 || extent.maxOccurredAtMs === undefined) {
    throw new NothingToReplayError('the archive holds no activity; send events to ingestion first');
  }
  const counts: ReadCounts = { recordCount: 0, undecodableCount: 0, misplacedCount: 0 };
  // Whatever is kept of a video is found by its number, given once by the decoder.
  const videos = new TextTable();
  const candidateExamples = new CandidateExamples(options.withWatchTimes, videos);
  const rankingExamples = new RankingExamples(videos);
  const completedWatches = new CompletedWatches(videos);
  const statistics = new StatisticsTimeline();
  // One event of a clock that is years ahead would settle every impression, and leave no day but its own.
  const { toMs: logEndMs } = spanOfDays(extent.days);
  const examplesFromMs = firstDayOf(logEndMs, options.exampleDays);
  const byNumber = new StatisticsByNumber(statistics, examplesFromMs);
  const facts = new FactsByNumber(catalogue.facts);
  let userCount = 0;
  let refusedCount = 0;
  let [fromMs, toMs] = [Infinity, -Infinity];
  const include = (atMs: number) => {
    fromMs = Math.min(fromMs, atMs);
    toMs = Math.max(toMs, atMs);
  };
  const {
    partitionCount,
    joinWindowMs,
    settledAfterMs,
    countedAfterMs,
    withWatchTimes,
    examplesPerUser = Infinity,
  } = options;
  const replayOptions = {
    joinWindowMs,
    ...(settledAfterMs === undefined ? {} : { settledAfterMs }),
    ...(countedAfterMs === undefined ? {} : { countedAfterMs }),
    ...(withWatchTimes === undefined ? {} : { withWatchTimes }),
    examplesFromMs,
    logEndMs,
    straysEndMs: extent.maxOccurredAtMs,
  };
  /** The user's completed playbacks. */
  let completed: (Pick<BegunPlayback, 'playback'> & KnownBefore)[] = [];
  for await (const { userId, records } of readUserRecords(
    archive,
    TOPICS.activity,
    partitionCount,
    counts,
    signal,
    videos,
    catalogue.facts,
  )) {
    completed = [];
    const { refusals } = replayUserInto(records, replayOptions, {
      impression: (example, videoNumber) => {
        const shown = rankingExamples.add(example, videoNumber);
        include(example.servedAtMs);
        byNumber.addImpression(example, shown);
      },
      counted: (impression, videoNumber) => {
        byNumber.addImpression(impression, rankingExamples.numberOfShown(impression.video, videoNumber));
      },
      playback: (begun, isCompleted) => {
        const { videoId, videoNumber = videos.numberOf(videoId), atMs } = begun.playback;
        byNumber.addWatch(videoId, videoNumber, atMs);
        if (!isCompleted || begun.known === undefined) return;
        completed.push({ playback: begun.playback, ...begun.known });
        completedWatches.add(userId, videoNumber, atMs);
      },
    });
    userCount += 1;
    facts.addFromUser(records, refusals);
    refusedCount += refusals.length;
    const first = Math.max(0, completed.length - examplesPerUser);
    for (let i = first; i < completed.length; i++) {
      const { playback, history, circumstances } = completed[i];
      const { videoId, videoNumber = videos.numberOf(videoId), atMs } = playback;
      candidateExamples.addLabel(userId, videoNumber, atMs, history, circumstances);
      include(atMs);
    }
    onProgress(counts.recordCount, extent.recordCount, userCount);
  }
  if (userCount === 0 && counts.misplacedCount > 0) {
    throw new NothingToReplayError(
      `${counts.misplacedCount} of ${counts.recordCount} records are left out: their key is not their user's`,
    );
  }
  if (userCount < 2) throw new NothingToReplayError('the archive holds a single user');
  return {
    replayed: {
      candidateExamples: candidateExamples.list(),
      rankingExamples: rankingExamples.list(),
      completedWatches,
      statistics,
      facts: facts.all(),
      recordCount: counts.recordCount,
      userCount,
      fromMs,
      toMs,
    },
    counts: { ...counts, refusedCount },
  };
}

/** Whole days: counts as of a moment are of the whole days before it, and what is before the first day is one sum. */
function firstDayOf(logEndMs: number, dayCount = Infinity): number {
  return Math.floor((logEndMs - dayCount * DAY_MS) / DAY_MS) * DAY_MS;
}
