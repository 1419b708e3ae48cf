/**
 * Replay: one user's records, in log order, through the very reducer that ran online, into examples.
 *
 * A request's features are taken at the mark that it was ranked with, which lies before the request's own record in
 * the log, often by several records. States are not copied: the requests are first laid beside the records at which
 * their marks end, then one pass folds the records and stops at each to take features. So a replay costs what folding
 * costs, plus the features.
 *
 * Labels join afterwards. Nothing that comes later in the log changes features taken earlier; only the labels learn
 * of it, within their window.
 */
import type { ImpressionsServed, RequestContext, UserState, Watch } from '@watchnext/contract';
import { type CandidateCircumstances, candidateCircumstances, searchTokensBefore } from './candidate-features';
import { CompletedHistory } from './completed-history';
import { isCompleted } from './completion';
import { hash53 } from './hash';
import { LabelCollector } from './labels';
import { NumberArrays } from './number-arrays';
import {
  NO_SEARCHES,
  placeOfRequest,
  RANKING_USER_NUMBERS,
  rankingSearches,
  rankingUserFeatures,
} from './ranking-features';
import { RANKING_VIDEO_NUMBERS, rankingVideoFeaturesFor } from './ranking-video-features';
import { applyEvent, userIdOf } from './reducer';
import { refuse } from './refusal';
import type {
  BegunPlayback,
  KnownBefore,
  RefusedRecord,
  ReplayedWatch,
  ReplayOptions,
  ReplayOutcome,
  ReplayResult,
  ReplayTaker,
} from './replay-types';
import { placeRequests } from './request-placement';
import { giveImpressions, type ServedList, type TakenFeatures, useOfList } from './served-lists';
import { decodeState, encodeState, newState } from './state-codec';
import type {
  CandidateExample,
  CandidateFeatures,
  RankingExample,
  RankingSearches,
  Refusal,
  UserRecord,
} from './types';
import { findPlayback } from './watches';

/**
 * Replays one user.
 *
 * @param records of one user, in log order; a record at or below the last offset of its partition is a redelivery
 *   and is passed over
 * @throws Error when a record is another user's
 */
export function replayUser(records: readonly UserRecord[], options: ReplayOptions): ReplayResult {
  const candidateExamples: CandidateExample[] = [];
  const rankingExamples: RankingExample[] = [];
  const watches: ReplayedWatch[] = [];
  const replay = new UserReplay(records, options, newNumbers());
  const outcome = replay.run({
    impression: (example) => rankingExamples.push(example),
    playback: ({ playback, known }, completed) => {
      const { videoId, atMs, watchSeconds, durationSeconds } = playback;
      watches.push({ videoId, atMs, watchSeconds, durationSeconds, completed });
      if (!completed || known === undefined) return;
      const { history, circumstances } = known;
      const { videoIds, startedAtMs, from, to } = history;
      const features: CandidateFeatures = {
        watchedVideoIds: videoIds.slice(from, to),
        ...(options.withWatchTimes ? { watchedAtMs: startedAtMs.slice(from, to) } : {}),
        ...circumstances,
      };
      candidateExamples.push({ userId: replay.userId, labelVideoId: videoId, labelAtMs: atMs, features });
    },
  });
  return { ...outcome, candidateExamples, rankingExamples, watches };
}

/** As `replayUser`, for who keeps the examples otherwise. @throws as it */
export function replayUserInto(
  records: readonly UserRecord[],
  options: ReplayOptions,
  taker: ReplayTaker,
): ReplayOutcome {
  const numbers = reusedNumbers;
  numbers.user.reuse();
  numbers.video.reuse();
  return new UserReplay(records, options, numbers).run(taker);
}

interface FeatureNumbers {
  readonly user: NumberArrays;
  readonly video: NumberArrays;
}

const newNumbers = (): FeatureNumbers => ({
  user: new NumberArrays(RANKING_USER_NUMBERS.length),
  video: new NumberArrays(RANKING_VIDEO_NUMBERS.length),
});
const reusedNumbers = newNumbers();

/** Those of the last label, and what they come from: mostly the next label's are the same. */
interface TakenCircumstances {
  readonly profile: UserState['profile'];
  readonly country: string;
  readonly device: string;
  readonly searchTokens: readonly string[];
  readonly taken: CandidateCircumstances;
}

class UserReplay {
  private readonly state: UserState;
  private readonly examplesFromMs: number;
  private readonly history = new CompletedHistory();
  private labels = new LabelCollector();
  private begun: BegunPlayback[] = [];
  /** Features of lists by the index of their record, taken but not yet met in the log. */
  private readonly taken = new Map<number, TakenFeatures>();
  private servedLists: ServedList[] = [];
  /** Distinct tokens of all searches in the state; undefined once the searches have changed. */
  private searchTokens: readonly string[] | undefined;
  /** The same for lists. */
  private searchesOfLists: RankingSearches | undefined;
  /** Does the state know watches from elsewhere than these records? Of those `labels` knows nothing. */
  private hasForeignWatches: boolean;
  private lastCircumstances: TakenCircumstances | undefined;
  private readonly refusals: RefusedRecord[] = [];
  private duplicateCount = 0;

  constructor(
    private readonly allRecords: readonly UserRecord[],
    private readonly options: ReplayOptions,
    private readonly numbers: FeatureNumbers,
  ) {
    const { initialState } = options;
    const first = allRecords.find(({ event }) => userIdOf(event) !== undefined);
    const userId = (first && userIdOf(first.event)) ?? '';
    this.state = initialState === undefined ? newState(userId) : decodeState(encodeState(initialState));
    this.hasForeignWatches = initialState !== undefined;
    this.examplesFromMs = options.examplesFromMs ?? -Infinity;
  }

  get userId(): string {
    return this.state.userId;
  }

  run(taker: ReplayTaker): ReplayOutcome {
    const records = withoutRedeliveries(this.allRecords);
    // Of lists it must be known beforehand; of the others when it is their turn, when what is known of them is still at hand.
    const refusalsOfLists = new Map<number, Refusal | undefined>();
    const isLive = (index: number) => {
      const refusal = this.refusalOf(records[index]);
      refusalsOfLists.set(index, refusal);
      return refusal === undefined;
    };
    const { requests, unplacedCount } = placeRequests(records, isLive, this.options.initialMark);
    let next = 0;
    for (let index = 0; index < records.length; index++) {
      for (; next < requests.length && requests[next].stateIndex === index; next++) {
        const { served, recordIndex } = requests[next];
        if (!this.state.deleted) this.taken.set(recordIndex, this.featuresOf(served, records[recordIndex]));
      }
      const record = records[index];
      const refusal = refusalsOfLists.has(index) ? refusalsOfLists.get(index) : this.refusalOf(record);
      if (refusal === undefined) this.fold(record, index);
      else this.refusals.push({ record, refusal });
    }
    giveImpressions(this.state.userId, this.servedLists, this.labels, this.options, taker);
    for (const begun of this.begun) taker.playback(begun, isCompleted(begun.playback));
    // Those of a decoder hold on to the bytes that they are read from.
    this.state.seenEvents = this.state.seenEvents.map(({ atMs, hash }) => ({ atMs, hash }));
    return {
      finalState: this.state,
      refusals: this.refusals,
      duplicateCount: this.duplicateCount,
      unplacedRequestCount: unplacedCount,
    };
  }

  private refusalOf(record: UserRecord): Refusal | undefined {
    const { event, timestampMs, topic } = record;
    return refuse(event, timestampMs ?? event.occurredAtMs, topic, record);
  }

  /** The state is now that of the list's mark. */
  private featuresOf(served: ImpressionsServed, record: UserRecord): TakenFeatures {
    const context = contextOf(served, record.event.occurredAtMs);
    const { state, numbers } = this;
    const use = useOfList(record, this.options);
    if (use !== 'examples') return { use, user: placeOfRequest(state, context) };
    const searches = this.searchesBefore(context.requestedAtMs);
    const user = rankingUserFeatures(state, context, searches, numbers.user.next());
    const ofVideo = () => numbers.video.next();
    const videos = served.items.map(rankingVideoFeaturesFor(state, context, served.items.length, ofVideo));
    return { use, user, videos };
  }

  private fold(record: UserRecord, index: number): void {
    const { body } = record.event;
    if (body?.$case === 'watch') {
      this.foldWatch(record, body.value);
      return;
    }
    if (!this.apply(record)) return;
    switch (body?.$case) {
      case 'impressionsServed': {
        const features = this.taken.get(index);
        if (features !== undefined) this.servedLists.push({ record, served: body.value, taken: features });
        break;
      }
      case 'impressionsViewed':
        this.labels.addViewed(body.value.requestId, body.value.impressionIds, record.event.occurredAtMs);
        break;
      case 'search':
        this.forgetSearches();
        break;
      case 'userMerged':
        this.forgetSearches();
        this.hasForeignWatches = true;
        this.history.forget();
        break;
      case 'userDeleted':
        this.forget();
        break;
      case 'userExpired':
        // What was known when lists were served and videos were watched stays in their examples.
        this.forgetSearches();
        this.history.forget();
        break;
    }
  }

  private foldWatch(record: UserRecord, watch: Watch): void {
    const { occurredAtMs } = record.event;
    const known = this.labels.playbackOf(watch);
    const isLabel = known === undefined && this.canBeLabel(watch);
    // Before the event is folded: a label's features know nothing of the label.
    const before = isLabel && occurredAtMs >= this.examplesFromMs ? this.knownBefore(watch, occurredAtMs) : undefined;
    if (!this.apply(record)) return;
    this.history.addWatch(this.state.watches);
    const playback = this.labels.addWatch(watch, occurredAtMs, known, record.videoNumber);
    if (isLabel) this.begun.push({ playback, known: before });
  }

  private apply(record: UserRecord): boolean {
    const outcome = applyEvent(this.state, record.event, record);
    if (outcome === 'duplicate') this.duplicateCount++;
    return outcome === 'applied';
  }

  /** What was known of a deleted user goes out of the examples too. */
  private forget(): void {
    this.labels = new LabelCollector();
    this.history.forget();
    this.begun = [];
    this.servedLists = [];
    this.taken.clear();
    this.forgetSearches();
  }

  private forgetSearches(): void {
    this.searchTokens = undefined;
    this.searchesOfLists = undefined;
  }

  /** Of a playback that is reported for the first time in these records: false if the state knows it from elsewhere. */
  private canBeLabel({ playbackId, videoId }: Watch): boolean {
    const { watches, deleted } = this.state;
    if (deleted) return false;
    return !this.hasForeignWatches || findPlayback(watches, hash53(playbackId), videoId) < 0;
  }

  private knownBefore(watch: Watch, atMs: number): KnownBefore {
    return {
      history: this.history.before(this.state.watches, atMs),
      circumstances: this.circumstancesOf(watch, atMs),
    };
  }

  private circumstancesOf({ country, device }: Watch, atMs: number): CandidateCircumstances {
    const { state, lastCircumstances: last } = this;
    const { profile } = state;
    const searchTokens = this.searchTokensBefore(atMs);
    const isLast =
      last !== undefined &&
      last.profile === profile &&
      last.searchTokens === searchTokens &&
      last.country === country &&
      last.device === device;
    if (isLast) return last.taken;
    // A watch does not say. Users with a profile are those that have an account; anonymous ones have none.
    const taken = candidateCircumstances(state, { country, device, loggedIn: profile !== undefined }, searchTokens);
    this.lastCircumstances = { profile, country, device, searchTokens, taken };
    return taken;
  }

  private searchTokensBefore(atMs: number): readonly string[] {
    const { searches } = this.state;
    const newest = searches.at(-1);
    if (newest !== undefined && newest.searchedAtMs >= atMs) return searchTokensBefore(searches, atMs);
    return (this.searchTokens ??= searchTokensBefore(searches, Infinity));
  }

  private searchesBefore(atMs: number): RankingSearches {
    const { searches } = this.state;
    const newest = searches.at(-1);
    if (newest === undefined) return NO_SEARCHES;
    if (newest.searchedAtMs >= atMs) return rankingSearches(searches, atMs);
    // Examples of watches have the same list of tokens: what is kept of millions of lists is once in memory.
    return (this.searchesOfLists ??= { tokens: this.searchTokensBefore(atMs), last: newest.tokens });
  }
}

/** The circumstances of a list; an imported one without them was asked for when it was served. */
function contextOf(served: ImpressionsServed, servedAtMs: number): RequestContext {
  const { context } = served;
  if (context !== undefined && context.requestedAtMs > 0) return context;
  return {
    requestedAtMs: servedAtMs,
    surface: context?.surface ?? '',
    country: context?.country ?? '',
    device: context?.device ?? '',
    loggedIn: context?.loggedIn ?? false,
    seedVideoId: context?.seedVideoId ?? '',
  };
}

function withoutRedeliveries(records: readonly UserRecord[]): readonly UserRecord[] {
  if (isAscendingRun(records)) return records;
  const lastOffsets = new Map<string, number>();
  return records.filter(({ topic, partition, offset }) => {
    const key = `${topic}/${partition}`;
    if (offset <= (lastOffsets.get(key) ?? -1)) return false;
    lastOffsets.set(key, offset);
    return true;
  });
}

/** The usual case: all of one partition, no offset twice. */
function isAscendingRun(records: readonly UserRecord[]): boolean {
  for (let i = 1; i < records.length; i++) {
    const [before, record] = [records[i - 1], records[i]];
    if (record.offset <= before.offset || record.partition !== before.partition || record.topic !== before.topic) {
      return false;
    }
  }
  return true;
}
