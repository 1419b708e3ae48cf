/** What a request is made into, stage by stage. */
import type { Assignment, Serving } from '@watchnext/experiments';
import type { ExploredPlace, FeatureValue, Mark, RequestContext, ScorePart, UserState } from '@watchnext/contract';
import type { CatalogueVideo } from '@watchnext/features';
import type { StageFailure } from './failure';

/** Candidate sources, most telling first: a video that several propose is logged under the first of them. */
export const SOURCES = ['retrieval', 'trending', 'popular', 'fresh'] as const;
export type Source = (typeof SOURCES)[number];

/** A valid request, free of HTTP. */
export interface RecommendationRequest {
  /** Of the list: impressions are named, and what is left to chance is drawn, by it. */
  readonly requestId: string;
  /** What the HTTP request goes by, in logs and in the calls that it causes: its caller's id, or else the list's. */
  readonly callId: string;
  readonly requestedAtMs: number;
  readonly userId: string;
  /** 1 to 50. */
  readonly limit: number;
  readonly surface: string;
  /** Empty: none. */
  readonly seedVideoId: string;
  /** Empty: as the profile says. */
  readonly country: string;
  readonly device: string;
  readonly explain: boolean;
  /** Someone looks at what the user would be served: nothing of it is recorded. */
  readonly preview: boolean;
  /** Variants that a tester asks for, by experiment. */
  readonly overrides: ReadonlyMap<string, string>;
  /** How long the caller waits, in milliseconds; undefined: it does not say. */
  readonly callersDeadlineMs: number | undefined;
  /** Of its time, milliseconds that had passed when it was read: arrivals wait where this process has a backlog. */
  readonly waitedMs: number;
  /** Hashes (`hashOfShown`) of the videos on earlier pages. */
  readonly shown: ReadonlySet<number>;
}

/** One source's proposal of one video. */
export interface Proposal {
  readonly videoId: string;
  readonly source: Source;
  readonly score: number;
  /** Undefined: the catalogue does not know the video. */
  readonly video: CatalogueVideo | undefined;
}

/** What one source has to propose, its best first. */
export interface Offer {
  readonly source: Source;
  /** Proposals beyond so many that pass the filters are not looked at. */
  readonly wanted: number;
  /** Made one after the other, as they are asked for: a video's facts are looked up only then. */
  readonly proposals: Iterable<Proposal>;
}

/** A video that passed the filters, with all the sources that proposed it, most telling first. */
export interface BlendedCandidate {
  readonly videoId: string;
  readonly video: CatalogueVideo;
  readonly sources: readonly { readonly source: Source; readonly score: number }[];
}

export interface RankedCandidate extends BlendedCandidate {
  /** Expected watch seconds; undefined on rungs without ranking. */
  readonly score: number | undefined;
  /** Undefined also where ranking was not asked for it. */
  readonly featuresChecksum: number | undefined;
  /** Of an interleaved list: the variant whose ranking put it here. */
  readonly team?: string;
}

export const RULES = [
  'channel-cap',
  'topic-cap',
  'channel-cap-relaxed',
  'topic-cap-relaxed',
  'exploration',
  'fresh-exploration',
] as const;

/** A rule that put an item elsewhere than its score would. */
export interface RuleTrace {
  readonly rule: (typeof RULES)[number];
  /** Place by score among this page's candidates, 0 the best. */
  readonly fromRank: number;
  readonly toPosition: number;
}

export interface PlacedItem extends RankedCandidate {
  /** 0 is the first place of the page. */
  readonly position: number;
  /** With which chance put it here; 1 where nothing was left to chance. */
  readonly propensity: number;
  readonly rules: readonly RuleTrace[];
}

export interface ItemExplanation {
  readonly features: readonly FeatureValue[];
  readonly parts: readonly ScorePart[];
}

export interface Draft {
  readonly request: RecommendationRequest;
  readonly warnings: readonly string[];
  readonly state: UserState;
  readonly mark: Mark;
  readonly context: RequestContext;
  readonly assignments: readonly Assignment[];
  /** What experiments have this request served with; empty: as configured. */
  readonly serving: Serving;
  /** The snapshot that every model of this request is asked for; empty: none chosen yet. */
  readonly snapshotId: string;
  readonly retrieved: readonly { readonly videoId: string; readonly score: number }[];
  /** Snapshots that retrieval could answer any request with, its current one first. */
  readonly retrievalHolds: readonly string[];
  /** In the order of `SOURCES`. */
  readonly offers: readonly Offer[];
  /** Those of the offers that passed the filters, in their order, of each source no more than are wanted. */
  readonly proposals: readonly Proposal[];
  /** How many proposals each filter removed. */
  readonly removedByFilter: Readonly<Record<string, number>>;
  readonly candidates: readonly BlendedCandidate[];
  readonly ranked: readonly RankedCandidate[];
  readonly page: readonly PlacedItem[];
  readonly exploredPlaces: readonly ExploredPlace[];
  readonly explanations: ReadonlyMap<string, ItemExplanation>;
  readonly failures: readonly StageFailure[];
}
