import type { Event, UserState, VideoFacts } from '@watchnext/contract';
import * as fc from 'fast-check';
import { LIMITS } from './limits';
import { applyEvent, type Outcome } from './reducer';
import { encodeState, newState } from './state-codec';
import {
  eventOf,
  impressionItem,
  servedBody,
  SOME_TIME_MS,
  USER_ID,
  videoFacts,
  watchBody,
} from './testing/event-builders';
import { HOUR_MS } from './time';

const MINUTE_MS = 60_000;
type Body = NonNullable<Event['body']>;

/** A state and a clock: each event gets the next number, and happens `minutes` after the start. */
function viewer(userId = USER_ID) {
  const state = newState(userId);
  let sequence = 0;
  const send = (body: Body, minutes = 0): Event => {
    const event = eventOf(body, { atMs: SOME_TIME_MS + minutes * MINUTE_MS, sequence: sequence++ });
    applyEvent(state, event);
    return event;
  };
  return { state, send };
}

const part = (playbackId: string, positionSeconds: number, more = {}) =>
  watchBody({ playbackId, videoId: `video-of-${playbackId}`, positionSeconds, ...more });
const shown = (video: VideoFacts, ...videoIds: string[]) =>
  servedBody({ items: videoIds.map((videoId) => impressionItem({ videoId, video })) });
const search = (query: string): Body => ({ $case: 'search', value: { userId: USER_ID, query } });
const dismissal = (videoId: string): Body => ({
  $case: 'dismissal',
  value: { userId: USER_ID, videoId, impressionId: '' },
});
const upserted: Body = { $case: 'userUpserted', value: { userId: USER_ID, profile: undefined } };
const deleted: Body = { $case: 'userDeleted', value: { userId: USER_ID } };
const merged = (history: UserState): Body => ({
  $case: 'userMerged',
  value: { userId: USER_ID, anonymousUserId: history.userId, history },
});

describe('playbacks', () => {
  it('count once, however many parts report them; the largest position wins', () => {
    const { state, send } = viewer();
    send(part('p', 10), 0);
    send(part('p', 50), 1);
    send(part('p', 30), 2);
    expect(state.watches).toMatchObject([{ watchSeconds: 50, startedAtMs: SOME_TIME_MS, durationSeconds: 100 }]);
    expect(state.watchCount).toBe(1);
    expect(state.channels).toEqual([
      {
        key: 'channel-1',
        watchCount: 1,
        watchSeconds: 50,
        lastWatchedAtMs: SOME_TIME_MS + 2 * MINUTE_MS,
        impressionCount: 0,
        lastShownAtMs: 0,
      },
    ]);
  });

  it('begin at their earliest part and move to their place when it comes late', () => {
    const { state, send } = viewer();
    send(part('a', 10), 5);
    send(part('b', 20), 10);
    send(part('b', 1), 1);
    expect(state.watches.map(({ videoId }) => videoId)).toEqual(['video-of-b', 'video-of-a']);
    expect(state.watches[0]).toMatchObject({ startedAtMs: SOME_TIME_MS + MINUTE_MS, watchSeconds: 20 });
  });

  it('of two videos stay two, though the client kept the playback id', () => {
    const { state, send } = viewer();
    send(watchBody({ videoId: 'video-1' }));
    send(watchBody({ videoId: 'video-2' }));
    expect(state.watches).toHaveLength(2);
    expect(state.watchCount).toBe(2);
  });

  it('keep the last 50 skips by start; a late one older than all counts, and is not kept', () => {
    const { state, send } = viewer();
    for (let i = 0; i < 60; i++) send(part(`p${i}`, 10), 100 + i);
    send(part('late', 10), 0);
    expect(state.watches).toHaveLength(LIMITS.newestPlaybacks);
    expect(state.watches[0].videoId).toBe('video-of-p10');
    expect(state.watchCount).toBe(61);
  });

  it('keep what was shown beside them, for its channel and each of its topics once', () => {
    const { state, send } = viewer();
    const video = videoFacts({ channelId: 'c', topics: ['music', 'music', ''] });
    send(shown(video, 'v', 'w'), 1);
    expect(state.topics).toEqual([
      {
        key: 'music',
        watchCount: 0,
        watchSeconds: 0,
        lastWatchedAtMs: 0,
        impressionCount: 2,
        lastShownAtMs: SOME_TIME_MS + MINUTE_MS,
      },
    ]);
    send(watchBody({ video }), 2);
    send(shown(video, 'v'), 0);
    for (const [{ key, ...counts }] of [state.channels, state.topics]) {
      expect(['c', 'music']).toContain(key);
      expect(counts).toEqual({
        watchCount: 1,
        watchSeconds: 60,
        lastWatchedAtMs: SOME_TIME_MS + 2 * MINUTE_MS,
        impressionCount: 3,
        lastShownAtMs: SOME_TIME_MS + MINUTE_MS,
      });
    }
  });

  it('of a channel outlast all that were only shown', () => {
    const { state, send } = viewer();
    send(watchBody({ video: videoFacts({ channelId: 'watched' }) }), 0);
    for (let i = 0; i < 150; i++) send(shown(videoFacts({ channelId: `c${1000 + i}` }), 'v'), 1 + i);
    const keys = state.channels.map(({ key }) => key);
    expect(keys).toHaveLength(LIMITS.channels);
    expect(keys).toContain('watched');
    expect(keys).toContain('c1149');
    expect(keys).not.toContain('c1050');
  });

  it('count a topic named twice once', () => {
    const { state, send } = viewer();
    send(watchBody({ video: videoFacts({ topics: ['music', 'music', ''] }) }));
    expect(state.topics).toMatchObject([{ key: 'music', watchCount: 1, watchSeconds: 60 }]);
  });

  it('give the same bytes in any order of their parts and of other events', () => {
    const positions = fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { minLength: 1, maxLength: 4 });
    const bodies = fc
      .array(positions, { maxLength: 12 })
      .map((playbacks) => [
        ...playbacks.flatMap((parts, i) => parts.map((position) => part(`p${i}`, position))),
        search('one query'),
        search('another'),
        dismissal('video-1'),
        dismissal('video-1'),
        servedBody({ items: [impressionItem(), impressionItem({ videoId: 'video-2' })] }),
        servedBody(),
      ]);
    const streams = bodies.chain((all) => {
      const events = all.map((body, i) =>
        eventOf(body, {
          atMs: SOME_TIME_MS + ((i * 37) % 11) * MINUTE_MS,
          sequence: i,
          receivedAtMs: SOME_TIME_MS + HOUR_MS,
        }),
      );
      return fc.tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: events.length }));
    });
    const bytesOf = (events: readonly Event[]) => {
      const state = newState(USER_ID);
      for (const event of events) applyEvent(state, event);
      return Buffer.from(encodeState(state)).toString('hex');
    };
    fc.assert(
      fc.property(streams, ([inOrder, shuffled]) => expect(bytesOf(shuffled)).toBe(bytesOf(inOrder))),
      { seed: 3, numRuns: 60 },
    );
  });
});

describe('lists bounded by recency', () => {
  it('drop the least recent, of equally old ones the larger key', () => {
    const { state, send } = viewer();
    const page = (from: number, count: number) =>
      servedBody({
        items: Array.from({ length: count }, (_, i) => impressionItem({ videoId: `v${1000 + from + i}` })),
      });
    send(page(0, 200), 0);
    send(page(200, 100), 1);
    send(page(0, 1), 2);
    send(page(500, 10), 3);
    const kept = new Set(state.exposures.map(({ videoId }) => videoId));
    expect(kept.size).toBe(LIMITS.exposures);
    expect(kept.has('v1000')).toBe(true);
    expect([...Array(10).keys()].filter((i) => kept.has(`v${1190 + i}`))).toEqual([]);
    expect(kept.has('v1189')).toBe(true);
    expect(state.exposures.find(({ videoId }) => videoId === 'v1000')).toMatchObject({ impressionCount: 2 });
  });

  it('keep the latest dismissal of a video and the latest 200 videos', () => {
    const { state, send } = viewer();
    send(dismissal('v'), 5);
    send(dismissal('v'), 1);
    expect(state.dismissals).toEqual([{ videoId: 'v', dismissedAtMs: SOME_TIME_MS + 5 * MINUTE_MS }]);
    for (let i = 0; i < 200; i++) send(dismissal(`w${i}`), 10 + i);
    expect(state.dismissals).toHaveLength(LIMITS.dismissals);
    expect(state.dismissals.some(({ videoId }) => videoId === 'v')).toBe(false);
  });

  it('keep a search only if it says something', () => {
    const { state, send } = viewer();
    send(search('!!!'));
    send(search('late cats'), -10);
    expect(state.searches).toEqual([
      { tokens: ['late', 'cats', 'late cats'], searchedAtMs: SOME_TIME_MS - 10 * MINUTE_MS },
    ]);
  });
});

describe('event ids', () => {
  const outcomes = (state: UserState, events: readonly Event[]): Outcome[] =>
    events.map((event) => applyEvent(state, event));

  it('are known again on a retry, within the 24 hours in which one is let in', () => {
    const state = newState(USER_ID);
    const first = eventOf(part('p', 10), { atMs: SOME_TIME_MS, sequence: 0 });
    const between = eventOf(part('q', 10), { atMs: SOME_TIME_MS + 24 * HOUR_MS, sequence: 1 });
    const retry = { ...first, receivedAtMs: SOME_TIME_MS + 24 * HOUR_MS };
    expect(outcomes(state, [first, between, retry])).toEqual(['applied', 'applied', 'duplicate']);
  });

  it('age out afterwards', () => {
    const { state, send } = viewer();
    send(part('p', 10), 0);
    send(part('q', 10), 24 * 60 + 11);
    expect(state.seenEvents).toHaveLength(1);
  });

  it('of a backfill are known beside it, far behind the live events though they are', () => {
    const { state, send } = viewer();
    send(part('live', 10), 0);
    const old = (i: number) =>
      eventOf(part(`old${i}`, 10), { atMs: SOME_TIME_MS - (1000 - i) * HOUR_MS, sequence: 100 + i, backfill: true });
    expect(outcomes(state, [old(0), old(1), old(2), old(1), old(2)])).toEqual([
      'applied',
      'applied',
      'applied',
      'duplicate',
      'duplicate',
    ]);
  });

  it('are bounded: the oldest go first', () => {
    const { state, send } = viewer();
    for (let i = 0; i < LIMITS.seenEvents + 10; i++) send(dismissal('v'), i / 1000);
    expect(state.seenEvents).toHaveLength(LIMITS.seenEvents);
    expect(state.seenEvents[0].atMs).toBeGreaterThan(SOME_TIME_MS);
  });
});

describe('an anonymous history', () => {
  function anonymous(): UserState {
    const { state, send } = viewer('anonymous');
    send(part('a1', 40, { userId: 'anonymous' }), 1);
    send(part('a2', 20, { userId: 'anonymous' }), 3);
    send({ $case: 'search', value: { userId: 'anonymous', query: 'cats' } }, 2);
    send(servedBody({ userId: 'anonymous' }), 2);
    return state;
  }

  it('becomes that of a new user', () => {
    const history = anonymous();
    const { state, send } = viewer();
    send(merged(history), 10);
    const { watches, searches, channels, topics, exposures, watchCount } = history;
    expect(state).toMatchObject({ watches, searches, channels, topics, exposures, watchCount, userId: USER_ID });
  });

  it('counts nothing twice when merged again, also grown and after other watches', () => {
    const { state, send } = viewer();
    for (let i = 0; i < 49; i++) send(part(`own${i}`, 10), 2);
    send(merged(anonymous()), 10);
    const { seenEvents: _first, ...once } = structuredClone(state);
    send(merged(anonymous()), 10);
    const { seenEvents: _second, ...twice } = state;
    expect(twice).toEqual(once);
    expect(state.watchCount).toBe(51);
  });

  it('counts nothing twice when merged again, though there is room for the newest 50 and the completed alone', () => {
    const history = newState('anonymous');
    for (let i = 0; i < 150; i++) {
      const body = part(`a${i}`, i % 3 ? 5 : 90, { userId: 'anonymous' });
      applyEvent(history, eventOf(body, { atMs: SOME_TIME_MS + i * MINUTE_MS, sequence: i }));
    }
    expect(history.watches.length).toBeGreaterThan(LIMITS.newestPlaybacks);
    const { state, send } = viewer();
    for (let i = 0; i < 60; i++) send(part(`own${i}`, i % 2 ? 5 : 90), 3 * i);
    send(merged(history), 200);
    const { seenEvents: _first, ...once } = structuredClone(state);
    send(merged(history), 200);
    const { seenEvents: _second, ...twice } = state;
    expect(twice).toEqual(once);
  });

  it('stays as the event told it, whatever the user does then', () => {
    const history = anonymous();
    const before = structuredClone(history);
    const { send } = viewer();
    send(merged(history), 10);
    send(part('a1', 90), 11);
    send(servedBody(), 12);
    expect(history).toEqual(before);
  });
});

describe('a deleted user', () => {
  it('leaves a tombstone that keeps later events out until the user is upserted', () => {
    const { state, send } = viewer();
    send(part('p', 10));
    send(deleted, 1);
    send(part('q', 10), 2);
    send(merged(state), 2);
    expect(state).toEqual({ ...newState(USER_ID), deleted: true, seenEvents: state.seenEvents });
    send(upserted, 3);
    send(part('r', 10), 4);
    expect(state).toMatchObject({ deleted: false, watchCount: 1 });
  });

  it('is not deleted again by a retry, and nothing erased comes back by one', () => {
    const { state, send } = viewer();
    const watch = send(part('p', 10));
    const deletion = send(deleted, 1);
    const ignored = send(part('q', 10), 2);
    send(upserted, 3);
    for (const event of [watch, deletion, ignored]) expect(applyEvent(state, event)).toBe('duplicate');
    expect(state).toMatchObject({ deleted: false, watchCount: 0 });
  });
});

describe('the reducer', () => {
  it('refuses to fold an event into the state of someone else', () => {
    const { state, send } = viewer();
    expect(() => send(watchBody({ userId: 'user-2' }))).toThrow(/not one of user user-1/);
    expect(() => send({ $case: 'videoWithdrawn', value: { videoId: 'v', reason: '' } })).toThrow();
    expect(state).toEqual(newState(USER_ID));
  });

  it('stores no negative zero, which the wire would lose', () => {
    const { state, send } = viewer();
    send(watchBody({ positionSeconds: -0, video: videoFacts({ durationSeconds: -0 }) }));
    const { watchSeconds, durationSeconds } = state.watches[0];
    expect([watchSeconds, durationSeconds, state.channels[0].watchSeconds]).toEqual([0, 0, 0]);
  });
});
