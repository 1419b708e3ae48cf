/** What the feature functions give and replay yields. Ids stay text here: each model maps them to its own vocabulary. */
import type {
  Event,
  ImpressionItem,
  ImpressionsServed,
  RequestContext,
  SeenEvent,
  UserState,
  VideoFacts,
} from '@watchnext/contract';

/** Input of the candidate model, before vocabularies. Paper §3.3 and §3.4. */
export interface CandidateFeatures {
  /** Completed watches strictly before the request, oldest first, at most 50; repeats kept. */
  readonly watchedVideoIds: readonly string[];
  /** When each of them was begun; only where it was asked for. */
  readonly watchedAtMs?: readonly number[];
  /** Distinct unigrams and bigrams of the last searches, sorted: order must not tell which query came last. */
  readonly searchTokens: readonly string[];
  readonly country: string;
  readonly device: string;
  readonly loggedIn: boolean;
  /** Years, 0 unknown. */
  readonly ageYears: number;
  /** 0 unknown, 1 female, 2 male, 3 other. */
  readonly gender: number;
}

/** Counts of a video, or of all videos of a channel or topic, up to a moment. */
export interface ImpressionCounts {
  readonly impressionCount: number;
  /** Impressions followed by a watch. */
  readonly clickCount: number;
  /** Watch seconds over all clicked impressions. */
  readonly clickWatchSeconds: number;
  /** Playbacks from anywhere; of videos only, not by surface. */
  readonly watchCount: number;
}

/** What everybody's impressions tell, as of one moment; undefined where there were none. It travels in the snapshot. */
export interface Statistics {
  ofVideo(videoId: string): ImpressionCounts | undefined;
  ofVideoOn(surface: string, videoId: string): ImpressionCounts | undefined;
  ofChannel(channelId: string): ImpressionCounts | undefined;
  ofTopic(topic: string): ImpressionCounts | undefined;
  /** Of the channel's videos, shown to viewers in the country. */
  ofChannelIn(country: string, channelId: string): ImpressionCounts | undefined;
  /** Impressions of known channels in the country, or `EVERYWHERE`. */
  impressionCountIn(country: string): number;
}

/** What of a user's searches ranking may look at: strictly before the request. */
export interface RankingSearches {
  /** Distinct unigrams and bigrams of the last searches, sorted. */
  readonly tokens: readonly string[];
  /** Those of the newest search. */
  readonly last: readonly string[];
}

/** The part of the ranking features that all candidates of a request share. */
export interface RankingUserFeatures {
  /** '' where it is not known. */
  readonly userId: string;
  readonly lastWatchedVideoId: string;
  readonly seedVideoId: string;
  readonly surface: string;
  readonly country: string;
  readonly device: string;
  readonly searches: RankingSearches;
  /** By name, in the order of `RANKING_USER_NUMBERS`; NaN where there is nothing to say. */
  readonly numbers: Float64Array;
}

/** The part of the ranking features of one candidate. */
export interface RankingVideoFeatures {
  readonly videoId: string;
  readonly channelId: string;
  readonly topics: readonly string[];
  readonly source: string;
  /** By name, in the order of `RANKING_VIDEO_NUMBERS`; NaN where there is nothing to say. */
  readonly numbers: Float64Array;
}

/** What is ranked: an `ImpressionItem` and a `RankCandidate` both are one. */
export interface RankingCandidate {
  readonly videoId: string;
  readonly video?: VideoFacts | undefined;
  readonly source: string;
  readonly sourceScore: number;
}

/** One position of a user's history to learn the next watch from. */
export interface CandidateExample {
  readonly userId: string;
  readonly labelVideoId: string;
  /** When the label's playback began: t_N of the example age. */
  readonly labelAtMs: number;
  /** As known strictly before the label. */
  readonly features: CandidateFeatures;
}

/** One impression to learn expected watch time from. */
export interface RankingExample {
  readonly userId: string;
  readonly requestId: string;
  readonly pageId: string;
  readonly impressionId: string;
  readonly servedAtMs: number;
  readonly position: number;
  readonly user: RankingUserFeatures;
  readonly video: RankingVideoFeatures;
  readonly clicked: boolean;
  /** Seconds watched from this impression; 0 when not clicked. */
  readonly watchSeconds: number;
  readonly served: {
    readonly snapshotId: string;
    /** Expected watch seconds as served, if the list was ranked. */
    readonly score: number | undefined;
    readonly featuresChecksum: number | undefined;
  };
}

/** What whoever decoded an event has found of it, so that nobody looks for it again. */
export interface KnownOfEvent {
  /** If it is a watch or a list: that its texts and facts are such that `refuse` need not look at them. */
  readonly textsAreSound?: boolean;
  /** What states remember of it, as `seenEventIn` gives it: then its id is as `refuse` wants it. */
  readonly seenEvent?: SeenEvent;
}

/** A record of one user's stream, decoded. */
export interface UserRecord extends KnownOfEvent {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** The log's own time of the record; stands in where the event has no `receivedAtMs`. */
  readonly timestampMs?: number;
  readonly event: Event;
  /** If the event is a watch: the number that whoever decoded it gives its video, the same for the same id. */
  readonly videoNumber?: number;
  /** If it is a list: those of its items. */
  readonly itemNumbers?: readonly number[];
}

/** Why an event is kept out of states and labels; it goes to dead letters. */
export interface Refusal {
  /** "too-old", "missing-field", "invalid-field", "wrong-topic". */
  readonly code: string;
  readonly field: string;
  readonly message: string;
}

export type { Event, ImpressionItem, ImpressionsServed, RequestContext, UserState, VideoFacts };
