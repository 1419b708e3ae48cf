/**
 * Takes a batch of events in: each is accepted, recognised as a duplicate within the batch, or rejected with its field
 * and reason. What is accepted is in the log, durably, when the answer is given.
 */
import { Event, TOPICS, type VideoFacts } from '@watchnext/contract';
import { appendFitting, type EventLog, type NewRecord } from '@watchnext/event-log';
import { LIMITS, refuse, refuseSeconds, settleCountries, userIdOf } from '@watchnext/features';
import { ApiError, traceHeaders } from '@watchnext/service';
import { type AnonymousHistory, Patience } from './anonymous-history';
import type { Catalogue } from './catalogue';
import type { ClockCheck } from './clock-check';
import { fillFacts } from './fill-facts';

/** An item that could not even be read as an event. */
export interface UnreadableItem {
  readonly eventId: string;
  readonly field: string;
  readonly code: string;
  readonly reason: string;
}

export type BatchItem = { readonly event: Event } | { readonly unreadable: UnreadableItem };

export interface ItemResult {
  readonly index: number;
  readonly eventId: string;
  readonly status: 'accepted' | 'duplicate' | 'rejected';
  readonly field?: string;
  readonly code?: string;
  readonly reason?: string;
}

export interface CollectOptions {
  /** What the sender may send, as in "watch"; default: every kind of event. */
  readonly kinds?: ReadonlySet<string> | undefined;
  /** Aborted when nobody waits for the answer any longer. */
  readonly callerGone?: AbortSignal;
}

export interface CollectorObserver {
  onResults?(results: readonly ItemResult[]): void;
  /** So many events were taken in of which a video is not in the catalogue, and its producer left facts of it out. */
  onUnknownVideos?(eventCount: number): void;
}

interface EventRecord extends NewRecord {
  readonly event: Event;
}

type Fault = Omit<UnreadableItem, 'eventId'>;

/** An id that was sent is named in the answer, but not at any length. */
const ECHOED_ID_CHARACTERS = LIMITS.idCharacters;

export class Collector {
  constructor(
    private readonly log: EventLog,
    private readonly catalogue: Catalogue,
    private readonly histories: AnonymousHistory,
    private readonly clock: () => number = Date.now,
    private readonly observer: CollectorObserver = {},
    private readonly clockCheck?: Pick<ClockCheck, 'behindMs' | 'onTurnedAway'>,
  ) {}

  /**
   * One result for each item, in the same order. Changes the events given (receipt time, facts, history).
   *
   * @throws the reason of `callerGone`
   * @throws ApiError 503 where a login that is sent as backfill takes in a history that is not folded yet, or an event would be
   * refused for no more than that this machine's clock is behind; then nothing was written
   * @throws what the log throws: then some of the batch may be in the log; a producer sends it again, and the states
   * drop what they have seen
   */
  async collect(
    items: readonly BatchItem[],
    { kinds, callerGone = new AbortController().signal }: CollectOptions = {},
  ): Promise<ItemResult[]> {
    const nowMs = this.clock();
    const accepted = new Map<string, Event>();
    const results = items.map((item, index) => this.judge(item, index, nowMs, accepted, kinds));
    const unwritten = await this.append([...accepted.values()], callerGone);
    const tooLarge = new Set(unwritten.map(({ eventId }) => eventId));
    const told = tooLarge.size === 0 ? results : results.map((result) => withoutTooLarge(result, items, tooLarge));
    this.observer.onResults?.(told);
    return told;
  }

  private judge(
    item: BatchItem,
    index: number,
    nowMs: number,
    accepted: Map<string, Event>,
    kinds: ReadonlySet<string> | undefined,
  ): ItemResult {
    if ('unreadable' in item) {
      const { eventId, ...fault } = item.unreadable;
      return rejected(index, eventId, fault);
    }
    const { event } = item;
    const fault = findForbidden(event, kinds) ?? this.faultOf(event, nowMs);
    if (fault) return rejected(index, event.eventId, fault);
    if (accepted.has(event.eventId)) return { index, eventId: event.eventId, status: 'duplicate' };
    accepted.set(event.eventId, event);
    return { index, eventId: event.eventId, status: 'accepted' };
  }

  /** A refusal tells its sender never to send the event again, so it must not be for our own clock. */
  private faultOf(event: Event, nowMs: number): Fault | undefined {
    const fault = findFault(event, nowMs);
    const behindMs = this.clockCheck?.behindMs() ?? 0;
    if (fault === undefined || behindMs === 0 || findFault(event, nowMs + behindMs)) return fault;
    this.clockCheck?.onTurnedAway();
    const behindSeconds = Math.round(behindMs / 1_000);
    throw new ApiError(
      503,
      'clock-behind',
      `the clock here is ${behindSeconds} s behind: send the batch again, elsewhere`,
    );
  }

  /** @returns those that the log will never take */
  private async append(events: readonly Event[], callerGone: AbortSignal): Promise<Event[]> {
    const tooLarge: Event[] = [];
    const learned = new Map<string, VideoFacts>();
    let pending: Event[] = [];
    let patience: Patience | undefined;
    let unknownCount = 0;
    for (const event of events) {
      if (event.body?.$case === 'userMerged') {
        const { value } = event.body;
        if (!patience) {
          patience = new Patience(events.some(isBackfilledLogin), callerGone);
          // Before anything is written: a batch that is refused and sent again may not make the lag longer that refused it.
          if (patience.refusesPart) await this.histories.whenFolded(value.anonymousUserId, patience);
        }
        // What the anonymous viewer did earlier in this batch belongs to the history.
        tooLarge.push(...(await this.write(pending, callerGone)));
        pending = [];
        value.history = await this.histories.of(value.anonymousUserId, patience);
        // A login of long ago, sent as backfill, may take in what came after it: it is received no earlier than that.
        if (value.history) event.receivedAtMs = Math.max(event.receivedAtMs, value.history.lastEventAtMs);
      }
      if (event.body?.$case === 'videoUpserted' && event.body.value.video) {
        learned.set(event.body.value.videoId, event.body.value.video);
      }
      const areKnown = fillFacts(event, (videoId) => learned.get(videoId) ?? this.catalogue.factsOf(videoId));
      if (!areKnown) unknownCount += 1;
      pending.push(event);
    }
    tooLarge.push(...(await this.write(pending, callerGone)));
    if (unknownCount > 0) this.observer.onUnknownVideos?.(unknownCount);
    return tooLarge;
  }

  /** @returns those that the log will never take; the others are in it */
  private async write(events: readonly Event[], callerGone: AbortSignal): Promise<Event[]> {
    const headers = traceHeaders();
    const ofVideos: EventRecord[] = [];
    const ofUsers: EventRecord[] = [];
    for (const event of events) {
      const value = Event.encode(event).finish();
      const userId = userIdOf(event);
      if (userId !== undefined) ofUsers.push({ key: userId, value, headers, event });
      else if (event.body && 'videoId' in event.body.value)
        ofVideos.push({ key: event.body.value.videoId, value, headers, event });
    }
    const refused = [
      ...(await appendFitting(this.log, TOPICS.catalog, ofVideos, callerGone)),
      ...(await appendFitting(this.log, TOPICS.activity, ofUsers, callerGone)),
    ];
    const tooLarge = new Set(refused.map(({ event }) => event));
    for (const event of events) if (!tooLarge.has(event)) this.catalogue.learn(event);
    return [...tooLarge];
  }
}

/** A duplicate within the batch shares the fate of the first. */
function withoutTooLarge(result: ItemResult, items: readonly BatchItem[], tooLarge: ReadonlySet<string>): ItemResult {
  const item = items[result.index] as BatchItem;
  if (result.status === 'rejected' || !('event' in item) || !tooLarge.has(item.event.eventId)) return result;
  const reason = 'with what the collector adds to it, the event is larger than the event log takes';
  return { ...result, status: 'rejected', code: 'too-large', reason };
}

const isBackfilledLogin = ({ body, backfill }: Event): boolean => body?.$case === 'userMerged' && backfill;

/** First, so that nobody learns from the answer what else an event that is not theirs to send would have to be. */
function findForbidden({ body }: Event, kinds: ReadonlySet<string> | undefined): Fault | undefined {
  if (body === undefined || kinds === undefined || kinds.has(body.$case)) return undefined;
  const reason = `this API key may send ${[...kinds].join(', ')}, and not ${body.$case}: send it under a key that may`;
  return { field: body.$case, code: 'kind-not-allowed', reason };
}

function findFault(event: Event, nowMs: number): Fault | undefined {
  event.receivedAtMs = event.backfill ? event.occurredAtMs : nowMs;
  // `refuse` compares with the receipt, which for a backfill is the occurrence itself.
  if (event.backfill && event.occurredAtMs > nowMs + LIMITS.clockAheadMs) {
    return { field: 'occurredAtMs', code: 'invalid-field', reason: 'occurredAtMs lies in the future' };
  }
  if (event.body?.$case === 'userMerged' && event.body.value.history) {
    const reason = 'userMerged.history is filled in by the collector: leave it out';
    return { field: 'userMerged.history', code: 'unknown-field', reason };
  }
  const refusal = refuse(event, nowMs) ?? refuseSeconds(event) ?? settleCountries(event);
  return refusal && { field: refusal.field, code: refusal.code, reason: refusal.message };
}

function rejected(index: number, eventId: string, { field, code, reason }: Fault): ItemResult {
  return { index, eventId: eventId.slice(0, ECHOED_ID_CHARACTERS), status: 'rejected', field, code, reason };
}
