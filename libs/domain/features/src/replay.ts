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
import { CompletedHistory, type HistoryRange } from './completed-history';
import { type CompletedRule, DEFAULT_COMPLETED_RULE, isCompleted } from './completion';
import { hash53 } from './hash';
import { LabelCollector, type Playback } from './labels';
import { NO_SEARCHES, rankingSearches, rankingUserFeatures } from './ranking-features';
import { rankingVideoFeaturesFor } from './ranking-video-features';
import { applyEvent, userIdOf } from './reducer';
import { refuse } from './refusal';
import type { RefusedRecord, ReplayedWatch, ReplayOptions, ReplayResult } from './replay-types';
import { placeRequests } from './request-placement';
import { decodeState, encodeState, newState } from './state-codec';
import type {
  CandidateExample,
  CandidateFeatures,
  RankingExample,
  RankingSearches,
  Refusal,
  RankingUserFeatures,
  RankingVideoFeatures,
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
  return new UserReplay(records, options).run();
}

interface TakenFeatures {
  readonly user: RankingUserFeatures;
  readonly videos: readonly RankingVideoFeatures[];
}

/** What a label's features are made of, should its playback turn out to be completed. */
interface TakenHistory {
  readonly history: HistoryRange;
  readonly circumstances: CandidateCircumstances;
}

interface OpenExample {
  readonly playback: Playback;
  readonly taken: TakenHistory;
}

class UserReplay {
  private readonly state: UserState;
  private readonly rule: CompletedRule;
  private readonly history: CompletedHistory;
  private labels = new LabelCollector();
  private openExamples: OpenExample[] = [];
  /** Features of lists by the index of their record, taken but not yet met in the log. */
  private readonly taken = new Map<number, TakenFeatures>();
  private servedLists: { readonly record: UserRecord; readonly served: ImpressionsServed; taken: TakenFeatures }[] = [];
  /** Distinct tokens of all searches in the state; undefined once the searches have changed. */
  private searchTokens: readonly string[] | undefined;
  /** The same for lists. */
  private searchesOfLists: RankingSearches | undefined;
  /** Does the state know watches from elsewhere than these records? Of those `labels` knows nothing. */
  private hasForeignWatches: boolean;
  private readonly refusals: RefusedRecord[] = [];
  private duplicateCount = 0;

  constructor(
    private readonly allRecords: readonly UserRecord[],
    private readonly options: ReplayOptions,
  ) {
    const { initialState } = options;
    const userId = allRecords.map(({ event }) => userIdOf(event)).find((id) => id !== undefined) ?? '';
    this.state = initialState === undefined ? newState(userId) : decodeState(encodeState(initialState));
    this.hasForeignWatches = initialState !== undefined;
    this.rule = options.completedRule ?? DEFAULT_COMPLETED_RULE;
    this.history = new CompletedHistory(this.rule);
  }

  run(): ReplayResult {
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
        this.takeFeatures(served, recordIndex, records[recordIndex].event.occurredAtMs);
      }
      const record = records[index];
      const refusal = refusalsOfLists.has(index) ? refusalsOfLists.get(index) : this.refusalOf(record);
      if (refusal === undefined) this.fold(record, index);
      else this.refusals.push({ record, refusal });
    }
    return {
      candidateExamples: this.candidateExamples(),
      rankingExamples: this.rankingExamples(),
      finalState: this.state,
      watches: this.openExamples.map(({ playback }) => this.describe(playback)),
      refusals: this.refusals,
      duplicateCount: this.duplicateCount,
      unplacedRequestCount: unplacedCount,
    };
  }

  private refusalOf({ event, timestampMs, topic, watchTextsAreSound }: UserRecord): Refusal | undefined {
    return refuse(event, timestampMs ?? event.occurredAtMs, topic, watchTextsAreSound);
  }

  /** The state is now that of the list's mark. */
  private takeFeatures(served: ImpressionsServed, recordIndex: number, occurredAtMs: number): void {
    if (this.state.deleted) return;
    const context = contextOf(served, occurredAtMs);
    const user = rankingUserFeatures(this.state, context, this.searchesBefore(context.requestedAtMs));
    const videos = served.items.map(rankingVideoFeaturesFor(this.state, context, served.items.length));
    this.taken.set(recordIndex, { user, videos });
  }

  private fold(record: UserRecord, index: number): void {
    const { event } = record;
    const { body, occurredAtMs } = event;
    // Before the event is folded: a label's features know nothing of the label.
    const known = body?.$case === 'watch' ? this.labels.playbackOf(body.value) : undefined;
    const taken =
      body?.$case === 'watch' && known === undefined ? this.takeHistory(body.value, occurredAtMs) : undefined;
    const outcome = applyEvent(this.state, event);
    if (outcome === 'duplicate') this.duplicateCount++;
    if (outcome !== 'applied') return;
    switch (body?.$case) {
      case 'watch': {
        this.history.addWatch(this.state.watches);
        const playback = this.labels.addWatch(body.value, occurredAtMs, known);
        if (taken !== undefined) this.openExamples.push({ playback, taken });
        break;
      }
      case 'impressionsServed': {
        const features = this.taken.get(index);
        if (features !== undefined) this.servedLists.push({ record, served: body.value, taken: features });
        break;
      }
      case 'impressionsViewed':
        this.labels.addViewed(body.value.requestId, body.value.impressionIds);
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
    }
  }

  /** What was known of a deleted user goes out of the examples too. */
  private forget(): void {
    this.labels = new LabelCollector();
    this.history.forget();
    this.openExamples = [];
    this.servedLists = [];
    this.taken.clear();
    this.forgetSearches();
  }

  private forgetSearches(): void {
    this.searchTokens = undefined;
    this.searchesOfLists = undefined;
  }

  /** For a playback that is reported for the first time in these records; undefined if the state knows it from elsewhere. */
  private takeHistory(watch: Watch, atMs: number): TakenHistory | undefined {
    const { state } = this;
    if (state.deleted) return undefined;
    if (this.hasForeignWatches && findPlayback(state.watches, hash53(watch.playbackId), watch.videoId) >= 0) {
      return undefined;
    }
    const { country, device } = watch;
    // A watch does not say. Users with a profile are those that have an account; anonymous ones have none.
    const context = { country, device, loggedIn: state.profile !== undefined };
    return {
      history: this.history.before(state.watches, atMs),
      circumstances: candidateCircumstances(state, context, this.searchTokensBefore(atMs)),
    };
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

  private candidateExamples(): CandidateExample[] {
    const examples: CandidateExample[] = [];
    for (const { playback, taken } of this.openExamples) {
      if (!this.isCompleted(playback)) continue;
      const { videoId, atMs } = playback;
      const features = this.featuresOf(taken);
      examples.push({ userId: this.state.userId, labelVideoId: videoId, labelAtMs: atMs, features });
    }
    return examples;
  }

  private featuresOf({ history, circumstances }: TakenHistory): CandidateFeatures {
    const { videoIds, startedAtMs, from, to } = history;
    const watchedVideoIds = videoIds.slice(from, to);
    return this.options.withWatchTimes
      ? { watchedVideoIds, watchedAtMs: startedAtMs.slice(from, to), ...circumstances }
      : { watchedVideoIds, ...circumstances };
  }

  private rankingExamples(): RankingExample[] {
    const { joinWindowMs, settledAfterMs = joinWindowMs, logEndMs } = this.options;
    const examples: RankingExample[] = [];
    const impressionIds = new Set<string>();
    for (const { record, served, taken } of this.servedLists) {
      const { occurredAtMs: servedAtMs, backfill } = record.event;
      const { requestId, pageId, snapshotId } = served;
      const isSettled = backfill || logEndMs - servedAtMs >= settledAfterMs;
      for (let i = 0; i < served.items.length; i++) {
        const item = served.items[i];
        const { impressionId, position, score, featuresChecksum } = item;
        // Ids are unique; a list that was logged twice under two event ids is still one list.
        if (impressionIds.has(impressionId)) continue;
        impressionIds.add(impressionId);
        // Not even a watched one before its time: on the newest day there would be watched ones only, and the
        // model would learn that new impressions are always watched.
        if (!isSettled) continue;
        const watchSeconds = this.labels.watchSecondsOf(item, servedAtMs, joinWindowMs);
        if (watchSeconds === undefined && !this.labels.wasSeen(requestId, impressionId)) continue;
        examples.push({
          userId: this.state.userId,
          requestId,
          pageId: pageId || requestId,
          impressionId,
          servedAtMs,
          position,
          user: taken.user,
          video: taken.videos[i],
          clicked: watchSeconds !== undefined,
          watchSeconds: watchSeconds ?? 0,
          served: { snapshotId, score, featuresChecksum },
        });
      }
    }
    return examples;
  }

  private describe(playback: Playback): ReplayedWatch {
    const { videoId, atMs, watchSeconds, durationSeconds } = playback;
    return { videoId, atMs, watchSeconds, durationSeconds, completed: this.isCompleted(playback) };
  }

  private isCompleted({ watchSeconds, durationSeconds }: Playback): boolean {
    return isCompleted(watchSeconds, durationSeconds, this.rule);
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
