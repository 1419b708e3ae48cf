import type { VideoFacts } from '@watchnext/contract';
import type { CandidateExample, RankingExample, StatisticsTimeline } from '@watchnext/features';

/** The last word of the catalogue topic. */
export interface Catalogue {
  readonly facts: ReadonlyMap<string, VideoFacts>;
  readonly withdrawn: ReadonlySet<string>;
}

/** A watch that counts as popularity: completed, from anywhere. */
export interface CompletedWatch {
  readonly userId: string;
  readonly videoId: string;
  readonly atMs: number;
}

/** Everything that one pass over the archive yields, users in the archive's order. */
export interface ReplayedLog {
  /** Of each user all, or the last `examplesPerUser` where that is given. */
  readonly candidateExamples: readonly CandidateExample[];
  readonly rankingExamples: readonly RankingExample[];
  readonly completedWatches: Iterable<CompletedWatch>;
  readonly statistics: StatisticsTimeline;
  /** Of every video of the catalogue, and for those that it lacks, from the events that mention them. */
  readonly facts: ReadonlyMap<string, VideoFacts>;
  readonly recordCount: number;
  readonly userCount: number;
  /** Smallest and largest time of an example. `statistics` may hold impressions of later, which are counted but not settled. */
  readonly fromMs: number;
  readonly toMs: number;
}
