/**
 * Arbitrary streams of one user's records, as nasty as a log can hold: late events, retries under new offsets, parts
 * of playbacks in any order, equal times, lists ranked with old marks, merges, deletions and returns, expiries of viewers
 * who were away and of others, backfills, and events that must be refused.
 *
 * A stream is made of steps, small records that shrink well; `recordsOf` turns them into events. Few videos, topics
 * and playbacks, so that things meet; `wide` streams have many, so that every list overflows.
 */
import { type Event, type ImpressionItem, TOPICS, type UserState } from '@watchnext/contract';
import * as fc from 'fast-check';
import { LIMITS } from '../limits';
import { applyEvent } from '../reducer';
import { newState } from '../state-codec';
import type { UserRecord } from '../types';
import {
  eventIdAt,
  eventOf,
  impressionItem,
  servedBody,
  SOME_TIME_MS,
  USER_ID,
  videoFacts,
  watchBody,
} from './event-builders';
import { HOUR_MS } from '../time';

const MINUTE_MS = 60_000;

export interface Step {
  readonly kind: StepKind;
  /** How far the log's clock moves before this record. */
  readonly gapMs: number;
  /** How long ago the event happened. */
  readonly lateMs: number;
  readonly video: number;
  readonly playback: number;
  readonly seconds: number;
  /** Chooses among earlier things: the event that is retried, the mark of a list, the impression of a watch. */
  readonly back: number;
}

export type StepKind =
  | 'watch'
  | 'served'
  | 'viewed'
  | 'search'
  | 'dismissal'
  | 'upserted'
  | 'merged'
  | 'deleted'
  | 'expired'
  | 'retry'
  | 'backfill'
  | 'broken';

export interface StreamOptions {
  readonly minLength?: number;
  readonly maxLength?: number;
  /** Many videos, channels and playbacks. */
  readonly wide?: boolean;
  /** Kinds to leave out. */
  readonly without?: readonly StepKind[];
}

const WEIGHTS: Record<StepKind, number> = {
  watch: 40,
  served: 18,
  viewed: 4,
  search: 8,
  dismissal: 5,
  upserted: 2,
  merged: 3,
  deleted: 1,
  expired: 2,
  retry: 8,
  backfill: 3,
  broken: 4,
};

/** Steps of one stream; see `recordsOf`. */
function streamSteps(options: StreamOptions = {}): fc.Arbitrary<Step[]> {
  const { minLength = 0, maxLength = 80, wide = false, without = [] } = options;
  const kinds = (Object.keys(WEIGHTS) as StepKind[]).filter((kind) => !without.includes(kind));
  const step: fc.Arbitrary<Step> = fc.record({
    kind: fc.oneof(...kinds.map((kind) => ({ weight: WEIGHTS[kind], arbitrary: fc.constant(kind) }))),
    gapMs: fc.oneof(
      { weight: 3, arbitrary: fc.constant(0) },
      { weight: 6, arbitrary: fc.integer({ min: 1, max: 3 * MINUTE_MS }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 5 * HOUR_MS }) },
    ),
    lateMs: fc.oneof(
      { weight: 7, arbitrary: fc.constant(0) },
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 10 * MINUTE_MS }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 23 * HOUR_MS }) },
    ),
    video: fc.integer({ min: 0, max: wide ? 2000 : 6 }),
    playback: fc.integer({ min: 0, max: wide ? 500 : 8 }),
    // Half are skips.
    seconds: fc.oneof(
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 9 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 120 }) },
      { weight: 1, arbitrary: fc.double({ min: 0, max: 200, noNaN: true }) },
    ),
    back: fc.integer({ min: 0, max: 12 }),
  });
  return fc.array(step, { minLength, maxLength, size: 'max' });
}

/** Records of `USER_ID` in log order; the same steps give the same records. */
export function recordsOf(steps: readonly Step[]): UserRecord[] {
  const records: UserRecord[] = [];
  let clockMs = SOME_TIME_MS;
  let offset = 0;
  steps.forEach((step, sequence) => {
    clockMs += step.gapMs + (step.kind === 'expired' ? absenceMsOf(step) : 0);
    // Other users' records lie between.
    offset += 1 + (step.video % 3);
    const event = eventOfStep(step, sequence, clockMs, records);
    records.push({ topic: TOPICS.activity, partition: 0, offset, timestampMs: clockMs, event });
  });
  return records;
}

export function userStreams(options: StreamOptions = {}): fc.Arbitrary<UserRecord[]> {
  return streamSteps(options).map(recordsOf);
}

function eventOfStep(step: Step, sequence: number, clockMs: number, earlier: readonly UserRecord[]): Event {
  const options = { atMs: clockMs - step.lateMs, sequence, receivedAtMs: clockMs };
  const { kind, seconds, back } = step;
  const videoId = videoIdOf(step.video);
  switch (kind) {
    case 'watch':
      return eventOf(watchOf(step, earlier), options);
    case 'served':
      return eventOf(servedOf(step, sequence, clockMs, earlier), options);
    case 'viewed': {
      const served = earlier.at(-1 - back)?.event.body;
      if (served?.$case !== 'impressionsServed') return eventOf(watchOf(step, earlier), options);
      const { requestId, items } = served.value;
      const impressionIds = items.slice(0, 1 + (step.video % 3)).map(({ impressionId }) => impressionId);
      return eventOf({ $case: 'impressionsViewed', value: { userId: USER_ID, requestId, impressionIds } }, options);
    }
    case 'search':
      return eventOf({ $case: 'search', value: { userId: USER_ID, query: queryOf(step) } }, options);
    case 'dismissal':
      return eventOf({ $case: 'dismissal', value: { userId: USER_ID, videoId, impressionId: '' } }, options);
    case 'upserted': {
      const profile = {
        country: back % 2 ? 'FR' : '',
        language: 'fr',
        ageYears: back,
        gender: back % 4,
        blockedChannelIds: back % 3 === 0 ? ['ch1', 'ch2'] : [],
      };
      return eventOf({ $case: 'userUpserted', value: { userId: USER_ID, profile } }, options);
    }
    case 'merged': {
      const value = { userId: USER_ID, anonymousUserId: 'anonymous', history: historyOf(step, clockMs) };
      return eventOf({ $case: 'userMerged', value }, options);
    }
    case 'deleted':
      return eventOf({ $case: 'userDeleted', value: { userId: USER_ID } }, options);
    case 'expired': {
      const idleSinceMs = clockMs - LIMITS.seenWindowMs - (back % 4) * HOUR_MS;
      return eventOf({ $case: 'userExpired', value: { userId: USER_ID, idleSinceMs } }, { ...options, atMs: clockMs });
    }
    case 'retry': {
      const first = earlier.at(-1 - back)?.event;
      // A retry of a backfill is found only beside it (see seen-events.ts); the spec of that file has it.
      if (first === undefined || first.backfill) return eventOf(watchOf(step, earlier), options);
      return { ...first, receivedAtMs: clockMs };
    }
    case 'backfill': {
      const atMs = clockMs - 300 * HOUR_MS + Math.round(seconds * MINUTE_MS);
      return eventOf(watchOf(step, earlier), { atMs, sequence, backfill: true });
    }
    case 'broken':
      return broken(eventOf(watchOf(step, earlier), options), step);
  }
}

/** Before two of three expiries the user was away for longer than is asked for, mostly. */
const absenceMsOf = ({ back }: Step): number => (back % 3 === 0 ? 0 : (20 + 4 * back) * HOUR_MS);

function watchOf(step: Step, earlier: readonly UserRecord[]) {
  const served = earlier.at(-1 - step.back)?.event.body;
  const item = served?.$case === 'impressionsServed' ? served.value.items.at(0) : undefined;
  return watchBody({
    videoId: item?.videoId ?? videoIdOf(step.video),
    playbackId: `playback-${step.playback}`,
    impressionId: item?.impressionId ?? '',
    positionSeconds: step.seconds,
    video: step.back === 0 ? undefined : factsOf(step.video),
    country: step.back % 2 ? 'DE' : '',
  });
}

function servedOf(step: Step, sequence: number, clockMs: number, earlier: readonly UserRecord[]) {
  const items: ImpressionItem[] = [];
  for (let position = 0; position <= step.playback % 12; position++) {
    const video = step.video + position * 7;
    items.push(
      impressionItem({
        impressionId: `impression-${sequence}-${position}`,
        videoId: videoIdOf(video),
        position,
        video: factsOf(video),
        sourceScore: Math.fround(step.seconds - 50),
      }),
    );
  }
  // 0: no mark, as imported; else that of an earlier record, or of the record itself, or of the empty partition.
  const marked = earlier.at(-step.back);
  const offset = marked?.offset ?? -1;
  return servedBody({
    requestId: `request-${sequence}`,
    mark: step.back === 0 ? undefined : { topic: TOPICS.activity, partition: 0, offset },
    context: {
      requestedAtMs: clockMs - step.lateMs,
      surface: 'home',
      country: '',
      device: 'tv',
      loggedIn: step.back % 2 === 0,
      seedVideoId: '',
    },
    items,
  });
}

/** What an anonymous viewer did before, folded as its own partition's materialiser folds it. */
function historyOf(step: Step, clockMs: number): UserState {
  const history = newState('anonymous');
  for (let i = 0; i <= step.back; i++) {
    const options = { atMs: clockMs - (step.back - i) * 7 * MINUTE_MS - step.lateMs, sequence: 1_000_000 + i };
    const playbackId = `playback-${step.playback + i}`;
    const video = step.video + i;
    const userId = history.userId;
    const watch = {
      userId,
      videoId: videoIdOf(video),
      playbackId,
      positionSeconds: step.seconds,
      video: factsOf(video),
    };
    const items = [impressionItem({ videoId: videoIdOf(video + 1) })];
    const query = queryOf({ ...step, back: step.back + i });
    applyEvent(history, eventOf(watchBody(watch), options));
    applyEvent(history, eventOf(servedBody({ userId, items }), { ...options, sequence: 2_000_000 + i }));
    const search = { $case: 'search', value: { userId, query } } as const;
    applyEvent(history, eventOf(search, { ...options, sequence: 3_000_000 + i }));
  }
  return history;
}

function broken(event: Event, step: Step): Event {
  const watch = event.body?.$case === 'watch' ? event.body.value : undefined;
  if (watch === undefined) return event;
  const hoursOld = 25 + step.back;
  const faults: Event[] = [
    { ...event, body: { $case: 'watch', value: { ...watch, positionSeconds: NaN } } },
    { ...event, body: { $case: 'watch', value: { ...watch, positionSeconds: -1 } } },
    { ...event, body: { $case: 'watch', value: { ...watch, videoId: '' } } },
    { ...event, body: { $case: 'watch', value: { ...watch, playbackId: 'x'.repeat(10_000) } } },
    { ...event, body: undefined },
    { ...event, eventId: 'not-a-uuid' },
    { ...event, eventId: eventIdAt(event.receivedAtMs - hoursOld * HOUR_MS, step.back) },
    { ...event, occurredAtMs: event.receivedAtMs + HOUR_MS },
  ];
  return faults[step.back % faults.length];
}

function videoIdOf(video: number): string {
  return `video-${video}`;
}

function factsOf(video: number) {
  const channelId = video % 5 === 4 ? '' : `channel-${video % 257}`;
  const durationSeconds = (video % 4) * 60;
  return videoFacts({ channelId, durationSeconds, topics: [`topic-${video % 131}`, `topic-${video % 3}`] });
}

function queryOf(step: Step): string {
  const queries = ['Cats', 'funny CATS', 'don’t stop', '東京タワー', '!!!', 'straße 9', 'cats funny'];
  return `${queries[step.back % queries.length]} ${step.video % 2 ? '' : 'live'}`;
}
