/** Viewers who stay away: what an expiry makes of a state, and of the examples of a replay. */
import { type Event, TOPICS, type UserState } from '@watchnext/contract';
import * as fc from 'fast-check';
import { LIMITS } from './limits';
import { RANKING_VIDEO_NUMBERS } from './ranking-video-features';
import { applyEvent, lastActiveMs } from './reducer';
import { refuse } from './refusal';
import { replayUser } from './replay';
import { newState } from './state-codec';
import {
  eventOf,
  impressionItem,
  servedBody,
  SOME_TIME_MS,
  USER_ID,
  videoFacts,
  watchBody,
} from './testing/event-builders';
import { userStreams } from './testing/event-streams';
import { DAY_MS, MINUTE_MS } from './time';
import type { UserRecord } from './types';

const DAY_MINUTES = 24 * 60;
const OPTIONS = { joinWindowMs: DAY_MS, logEndMs: Infinity };
type Body = NonNullable<Event['body']>;

const part = (playbackId: string, positionSeconds: number) =>
  watchBody({ playbackId, videoId: `video-of-${playbackId}`, positionSeconds });
const search = (query: string): Body => ({ $case: 'search', value: { userId: USER_ID, query } });
const upserted: Body = { $case: 'userUpserted', value: { userId: USER_ID, profile: undefined } };
const deleted: Body = { $case: 'userDeleted', value: { userId: USER_ID } };
/** To be let go unless something happened since so many minutes after the start. */
const expired = (idleSinceMinutes: number): Body => ({
  $case: 'userExpired',
  value: { userId: USER_ID, idleSinceMs: SOME_TIME_MS + idleSinceMinutes * MINUTE_MS },
});

/** A state, and events of it, each so many minutes after the start. */
function viewer() {
  const state = newState(USER_ID);
  let sequence = 0;
  const send = (body: Body, minutes = 0): Event => {
    const event = eventOf(body, { atMs: SOME_TIME_MS + minutes * MINUTE_MS, sequence: sequence++ });
    applyEvent(state, event);
    return event;
  };
  return { state, send };
}

/** Records at offsets 0, 1, …, each so many minutes after the start. */
const log = (...entries: (readonly [minutes: number, body: Body])[]): UserRecord[] =>
  entries.map(([minutes, body], offset) => {
    const event = eventOf(body, { atMs: SOME_TIME_MS + minutes * MINUTE_MS, sequence: offset });
    return { topic: TOPICS.activity, partition: 0, offset, event };
  });

describe('a viewer who stays away', () => {
  const outcomeOf = (state: UserState, body: Body, minutes = 10 * DAY_MINUTES) =>
    applyEvent(state, eventOf(body, { atMs: SOME_TIME_MS + minutes * MINUTE_MS, sequence: 1_000 }));

  it('is a new one after an expiry, and when it comes back', () => {
    const { state, send } = viewer();
    send(upserted);
    send(part('p', 10), 1);
    send(search('cats'), 2);
    expect(outcomeOf(state, expired(3))).toBe('applied');
    expect(state).toEqual(newState(USER_ID));
    send(part('q', 20), 11 * DAY_MINUTES);
    expect(state).toMatchObject({ watchCount: 1, watches: [{ videoId: 'video-of-q' }], searches: [] });
    expect(state.seenEvents).toHaveLength(1);
  });

  it('keeps all of it where something happened since, be it at that very moment', () => {
    const { state, send } = viewer();
    send(part('p', 10), 3);
    const before = structuredClone(state);
    expect(outcomeOf(state, expired(3))).toBe('unmet');
    expect(state).toEqual(before);
    expect(outcomeOf(state, expired(4))).toBe('applied');
  });

  it('is there by the time of an event’s id as well: its device’s clock may be years behind', () => {
    const { state } = viewer();
    const event = eventOf(part('p', 10), { atMs: SOME_TIME_MS, sequence: 0 });
    applyEvent(state, { ...event, occurredAtMs: SOME_TIME_MS - 1_000 * DAY_MINUTES * MINUTE_MS });
    expect(lastActiveMs(state)).toBe(SOME_TIME_MS);
    expect(outcomeOf(state, expired(0))).toBe('unmet');
    expect(state.watchCount).toBe(1);
  });

  it('is let go once by two expiries, and stays for one that comes again after its return', () => {
    const { state, send } = viewer();
    send(part('p', 10));
    const expiry = eventOf(expired(3), { atMs: SOME_TIME_MS + 10 * DAY_MINUTES * MINUTE_MS, sequence: 1_000 });
    expect([applyEvent(state, expiry), applyEvent(state, expiry)]).toEqual(['applied', 'unmet']);
    send(part('q', 10), 11 * DAY_MINUTES);
    expect(applyEvent(state, expiry)).toBe('unmet');
    expect(state.watchCount).toBe(1);
  });

  it('that was deleted stays deleted', () => {
    const { state, send } = viewer();
    const watch = send(part('p', 10));
    send(deleted, 1);
    const tombstone = structuredClone(state);
    expect(outcomeOf(state, expired(3))).toBe('unmet');
    expect(state).toEqual(tombstone);
    expect(applyEvent(state, watch)).toBe('duplicate');
  });

  it('has nothing counted twice by a retry: what could be let in is no older than an expiry asks for', () => {
    fc.assert(
      fc.property(fc.nat(60 * 60), fc.nat(60 * 60), fc.nat(24 * 60), (receivedLater, retriedLater, slack) => {
        const state = newState(USER_ID);
        const watch = eventOf(part('p', 10), { atMs: SOME_TIME_MS, sequence: 0 });
        applyEvent(state, watch);
        const receivedAtMs = SOME_TIME_MS + receivedLater * MINUTE_MS;
        const value = { userId: USER_ID, idleSinceMs: receivedAtMs - LIMITS.seenWindowMs - slack * MINUTE_MS };
        const expiry = eventOf({ $case: 'userExpired', value }, { atMs: receivedAtMs, sequence: 1 });
        expect(refuse(expiry, 0)).toBeUndefined();
        // Received after it, by a collector whose clock is ten minutes behind at most.
        const retry = { ...watch, receivedAtMs: receivedAtMs + (retriedLater - 10) * MINUTE_MS };
        const outcome = applyEvent(state, expiry);
        if (refuse(retry, 0) === undefined && retry.receivedAtMs >= SOME_TIME_MS) {
          expect(outcome).toBe('unmet');
          expect(applyEvent(state, retry)).toBe('duplicate');
        }
      }),
      { seed: 5, numRuns: 500 },
    );
  });
});

describe('the streams of property specs', () => {
  it('let go of viewers, and of others not', () => {
    const counts = { applied: 0, unmet: 0 };
    for (const records of fc.sample(userStreams(), { seed: 8, numRuns: 100 })) {
      const state = newState(USER_ID);
      for (const { event } of records) {
        if (refuse(event, 0) !== undefined) continue;
        const outcome = applyEvent(state, event);
        if (event.body?.$case === 'userExpired') counts[outcome as keyof typeof counts]++;
      }
    }
    expect(counts).toEqual({ applied: expect.any(Number), unmet: expect.any(Number) });
    expect(counts.applied).toBeGreaterThan(20);
    expect(counts.unmet).toBeGreaterThan(20);
  });
});

describe('a replay of one', () => {
  const list = (requestId: string, more = {}) =>
    servedBody({
      requestId,
      items: [impressionItem({ impressionId: `${requestId}-0`, video: videoFacts() })],
      ...more,
    });
  const records = log(
    [0, upserted],
    [1, part('a', 60)],
    [2, search('cats')],
    [3, part('b', 60)],
    [4, list('before')],
    [30 * DAY_MINUTES, expired(5 * DAY_MINUTES)],
    [30 * DAY_MINUTES + 1, list('ranked before', { mark: { topic: TOPICS.activity, partition: 0, offset: 4 } })],
    [30 * DAY_MINUTES + 2, list('after')],
    [30 * DAY_MINUTES + 3, part('c', 60)],
    [30 * DAY_MINUTES + 4, part('d', 60)],
  );

  it('has the examples of before, with what was known then', () => {
    const { candidateExamples } = replayUser(records, OPTIONS);
    expect(candidateExamples.map(({ labelVideoId, features }) => [labelVideoId, features.watchedVideoIds])).toEqual([
      ['video-of-a', []],
      ['video-of-b', ['video-of-a']],
      ['video-of-c', []],
      ['video-of-d', ['video-of-c']],
    ]);
    expect(candidateExamples[1].features).toMatchObject({ searchTokens: ['cats'], loggedIn: true });
    expect(candidateExamples[2].features).toMatchObject({ searchTokens: [], loggedIn: false });
  });

  it('was ranked for by the state of each list’s mark, and by that of a new viewer afterwards', () => {
    const { rankingExamples, finalState } = replayUser(records, OPTIONS);
    const seen = rankingExamples.map((example) => [
      example.requestId,
      example.user.lastWatchedVideoId,
      example.video.numbers[RANKING_VIDEO_NUMBERS.indexOf('channelWatchCount')],
    ]);
    expect(seen).toEqual([
      ['before', 'video-of-b', 2],
      ['ranked before', 'video-of-b', 2],
      ['after', '', 0],
    ]);
    expect(finalState).toMatchObject({ watchCount: 2, searches: [], profile: undefined });
    expect(replayUser(records.slice(0, 6), OPTIONS).finalState).toEqual(newState(USER_ID));
  });
});
