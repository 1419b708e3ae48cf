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
import { type ReadCounts, readUserRecords, type UserRecords } from './user-records';

type ReplayUserOptions = Parameters<typeof replayUserInto>[1];
type CompletedPlayback = Pick<BegunPlayback, 'playback'> & KnownBefore;

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
  const replay = new Replay(catalogue, videos, options, spanOfDays(extent.days).toMs, extent.maxOccurredAtMs);
  const users = readUserRecords(
    archive,
    TOPICS.activity,
    options.partitionCount,
    counts,
    signal,
    videos,
    catalogue.facts,
  );
  for await (const user of users) {
    replay.add(user);
    onProgress(counts.recordCount, extent.recordCount, replay.userCount);
  }
  if (replay.userCount === 0 && counts.misplacedCount > 0) {
    throw new NothingToReplayError(
      `${counts.misplacedCount} of ${counts.recordCount} records are left out: their key is not their user's`,
    );
  }
  if (replay.userCount < 2) throw new NothingToReplayError('the archive holds a single user');
  return {
    replayed: replay.log(counts.recordCount),
    counts: { ...counts, refusedCount: replay.refusedCount },
  };
}

/** What comes of the log's users, one after the other. */
class Replay {
  private readonly candidateExamples: CandidateExamples;
  private readonly rankingExamples: RankingExamples;
  private readonly completedWatches: CompletedWatches;
  private readonly statistics = new StatisticsTimeline();
  private readonly byNumber: StatisticsByNumber;
  private readonly facts: FactsByNumber;
  private readonly userOptions: ReplayUserOptions;
  private readonly examplesPerUser: number;
  private fromMs = Infinity;
  private toMs = -Infinity;
  userCount = 0;
  refusedCount = 0;

  /**
   * @param videos where the records' numbers of videos were given
   * @param logEndMs the time of the newest event but for strays: one of a clock that is years ahead would settle every impression,
   * and leave no day but its own
   * @param straysEndMs the time of the newest event
   */
  constructor(
    catalogue: Catalogue,
    private readonly videos: TextTable,
    options: ReplayOptions,
    logEndMs: number,
    straysEndMs: number,
  ) {
    const { joinWindowMs, settledAfterMs, countedAfterMs, withWatchTimes, examplesPerUser = Infinity } = options;
    const examplesFromMs = firstDayOf(logEndMs, options.exampleDays);
    this.userOptions = {
      joinWindowMs,
      ...(settledAfterMs === undefined ? {} : { settledAfterMs }),
      ...(countedAfterMs === undefined ? {} : { countedAfterMs }),
      ...(withWatchTimes === undefined ? {} : { withWatchTimes }),
      examplesFromMs,
      logEndMs,
      straysEndMs,
    };
    this.examplesPerUser = examplesPerUser;
    this.candidateExamples = new CandidateExamples(withWatchTimes, videos);
    this.rankingExamples = new RankingExamples(videos);
    this.completedWatches = new CompletedWatches(videos);
    this.byNumber = new StatisticsByNumber(this.statistics, examplesFromMs);
    this.facts = new FactsByNumber(catalogue.facts);
  }

  add({ userId, records }: UserRecords): void {
    const { videos, rankingExamples, byNumber } = this;
    const completed: CompletedPlayback[] = [];
    const { refusals } = replayUserInto(records, this.userOptions, {
      impression: (example, videoNumber) => {
        const shown = rankingExamples.add(example, videoNumber);
        this.include(example.servedAtMs);
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
        this.completedWatches.add(userId, videoNumber, atMs);
      },
    });
    this.userCount += 1;
    this.facts.addFromUser(records, refusals);
    this.refusedCount += refusals.length;
    this.addLabels(userId, completed);
  }

  log(recordCount: number): ReplayedLog {
    const { candidateExamples, rankingExamples, completedWatches, statistics, facts, userCount, fromMs, toMs } = this;
    return {
      candidateExamples: candidateExamples.list(),
      rankingExamples: rankingExamples.list(),
      completedWatches,
      statistics,
      facts: facts.all(),
      recordCount,
      userCount,
      fromMs,
      toMs,
    };
  }

  /** @param completed the user's playbacks, in the order in which they began */
  private addLabels(userId: string, completed: readonly CompletedPlayback[]): void {
    const first = Math.max(0, completed.length - this.examplesPerUser);
    for (let i = first; i < completed.length; i++) {
      const { playback, history, circumstances } = completed[i];
      const { videoId, videoNumber = this.videos.numberOf(videoId), atMs } = playback;
      this.candidateExamples.addLabel(userId, videoNumber, atMs, history, circumstances);
      this.include(atMs);
    }
  }

  private include(atMs: number): void {
    this.fromMs = Math.min(this.fromMs, atMs);
    this.toMs = Math.max(this.toMs, atMs);
  }
}

/** Whole days: counts as of a moment are of the whole days before it, and what is before the first day is one sum. */
function firstDayOf(logEndMs: number, dayCount = Infinity): number {
  return Math.floor((logEndMs - dayCount * DAY_MS) / DAY_MS) * DAY_MS;
}
