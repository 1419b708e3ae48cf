import { type Event, type ImpressionItem, TOPICS, type VideoFacts, type Watch } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import { replayUser, StatisticsTimeline } from '@watchnext/features';
import { CandidateExamples } from './examples/candidate-examples';
import { RankingExamples } from './examples/ranking-examples';
import type { Catalogue, CompletedWatch, ReplayedLog } from './replayed-log';
import { type ReadCounts, readUserRecords } from './user-records';

export interface ReplayOptions {
  readonly partitionCount: number;
  readonly joinWindowMs: number;
  /** As in `replayUser`; default: the join window. */
  readonly settledAfterMs?: number;
  /** Candidate examples kept of one user, the newest: heavy users must not fill the memory, nor the training. */
  readonly examplesPerUser: number;
  /** As in `replayUser`. */
  readonly withWatchTimes?: boolean;
}

export interface ReplayCounts extends Readonly<ReadCounts> {
  readonly refusedCount: number;
}

/** The archive is there, but holds nothing that examples could come from. */
export class NothingToReplayError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NothingToReplayError';
  }
}

/**
 * Replays the archive through the reducer that serves, user by user, and takes the examples of both models as it goes.
 *
 * @param onProgress records done, of how many, users so far
 * @throws NothingToReplayError for an empty archive, ArchiveCorruptError naming a file that cannot be read
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
  const candidateExamples = new CandidateExamples(options.withWatchTimes);
  const rankingExamples = new RankingExamples();
  const completedWatches: CompletedWatch[] = [];
  const statistics = new StatisticsTimeline();
  const facts = new Map(catalogue.facts);
  let userCount = 0;
  let refusedCount = 0;
  let [fromMs, toMs] = [Infinity, -Infinity];
  const include = (atMs: number) => {
    fromMs = Math.min(fromMs, atMs);
    toMs = Math.max(toMs, atMs);
  };
  const { partitionCount, joinWindowMs, settledAfterMs, withWatchTimes } = options;
  for await (const { userId, records } of readUserRecords(archive, TOPICS.activity, partitionCount, counts, signal)) {
    const replayed = replayUser(records, {
      joinWindowMs,
      ...(settledAfterMs === undefined ? {} : { settledAfterMs }),
      ...(withWatchTimes === undefined ? {} : { withWatchTimes }),
      logEndMs: extent.maxOccurredAtMs,
    });
    userCount += 1;
    for (const { event } of records) addFacts(facts, event);
    refusedCount += replayed.refusals.length;
    for (const example of replayed.candidateExamples.slice(-options.examplesPerUser)) {
      candidateExamples.add(example);
      include(example.labelAtMs);
    }
    for (const example of replayed.rankingExamples) {
      rankingExamples.add(example);
      const { servedAtMs, clicked, watchSeconds, user, video } = example;
      include(servedAtMs);
      const { videoId, channelId, topics } = video;
      statistics.addImpression(
        servedAtMs,
        { videoId, channelId, topics, surface: user.surface, country: user.country },
        clicked,
        watchSeconds,
      );
    }
    for (const { videoId, atMs, completed } of replayed.watches) {
      statistics.addWatch(atMs, videoId);
      if (completed) completedWatches.push({ userId, videoId, atMs });
    }
    onProgress(counts.recordCount, extent.recordCount, userCount);
  }
  if (userCount === 0 && counts.misplacedCount > 0) {
    throw new NothingToReplayError(
      `all ${counts.misplacedCount} records lie in other partitions than their keys': is WATCHNEXT_ACTIVITY_PARTITIONS ` +
        `(${partitionCount}) that of the log?`,
    );
  }
  if (userCount < 2) throw new NothingToReplayError('the archive holds a single user');
  return {
    replayed: {
      candidateExamples: candidateExamples.list(),
      rankingExamples: rankingExamples.list(),
      completedWatches,
      statistics,
      facts,
      recordCount: counts.recordCount,
      userCount,
      fromMs,
      toMs,
    },
    counts: { ...counts, refusedCount },
  };
}

/** Facts that an event carries, for videos that the catalogue does not know. */
function addFacts(facts: Map<string, VideoFacts>, { body }: Event): void {
  if (body?.$case === 'watch') addFactsOf(facts, body.value);
  else if (body?.$case === 'impressionsServed') for (const item of body.value.items) addFactsOf(facts, item);
}

function addFactsOf(facts: Map<string, VideoFacts>, { videoId, video }: Watch | ImpressionItem): void {
  if (video !== undefined && !facts.has(videoId)) facts.set(videoId, video);
}
