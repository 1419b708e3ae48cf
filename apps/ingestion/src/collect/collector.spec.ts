import { setTimeout as sleep } from 'node:timers/promises';
import { type EventLog, EventLogError, LogUnavailableError, type NewRecord } from '@watchnext/event-log';
import { encodeState, judgeRecord, newState } from '@watchnext/features';
import { Event, TOPICS, type UserState } from '@watchnext/contract';
import { partitionOf } from '@watchnext/event-log';
import {
  eventually,
  eventOf,
  impressionItemOf,
  impressionsServedOf,
  searchOf,
  videoFactsOf,
  videoUpsertedOf,
  watchOf,
} from '@watchnext/testing';
import { allRecords, openStores, PARTITIONS, quiet, type Stores } from '../../test/harness';
import { AnonymousHistory } from './anonymous-history';
import { Catalogue } from './catalogue';
import { Collector } from './collector';

const NOW_MS = 1_790_000_000_000;

describe('Collector', () => {
  let stores: Stores;
  let catalogue: Catalogue;
  beforeEach(async () => {
    stores = await openStores();
    catalogue = new Catalogue(quiet);
  });
  afterEach(() => stores.dispose());

  const collector = (log: EventLog = stores.log) =>
    new Collector(log, catalogue, new AnonymousHistory(log, stores.store, PARTITIONS, quiet), () => NOW_MS);

  /** The first record of its partition is folded into this state. */
  const fold = async (state: UserState) => {
    const partition = partitionOf(state.userId, PARTITIONS);
    await stores.store.commit(partition, {
      expected: undefined,
      next: { topic: TOPICS.activity, partition, offset: 0 },
      states: new Map([[state.userId, encodeState(state)]]),
    });
  };
  const loginOf = (userId: string, anonymousUserId: string): Event['body'] & object => ({
    $case: 'userMerged',
    value: { userId, anonymousUserId, history: undefined },
  });

  it('does not answer before the events are stored, nor as if they were when they are not', async () => {
    const failing = Object.assign(Object.create(stores.log) as EventLog, {
      append: () => Promise.reject(new LogUnavailableError('disk full')),
    });
    const event = eventOf(searchOf('anna', 'x'), NOW_MS);
    await expect(collector(failing).collect([{ event }])).rejects.toMatchObject({ retriable: true });
    expect(await allRecords(stores.log, TOPICS.activity)).toEqual([]);
  });

  it('rejects an event that the log will never take, whatever is tried, and takes the others of its batch', async () => {
    const narrow = Object.assign(Object.create(stores.log) as EventLog, {
      append: async (topic: string, records: readonly NewRecord[]) => {
        const bytes = records.reduce((sum, { value }) => sum + value.byteLength, 0);
        if (bytes > 3_000) throw new EventLogError('refused', 'record-too-large', false);
        return stores.log.append(topic, records);
      },
    });
    const topics = Array.from({ length: 50 }, (_, i) => `${i}`.padEnd(100, 'x'));
    const large = eventOf(watchOf('anna', 'v', { video: videoFactsOf({ topics }) }), NOW_MS);
    const others = ['a', 'b'].map((text) => eventOf(searchOf('anna', text), NOW_MS));
    const events = [others[0], large, others[1], large].map((event) => ({ event: event as Event }));
    const results = await collector(narrow).collect(events);
    expect(results.map(({ status, code }) => [status, code])).toEqual([
      ['accepted', undefined],
      ['rejected', 'too-large'],
      ['accepted', undefined],
      ['rejected', 'too-large'],
    ]);
    const stored = (await allRecords(stores.log, TOPICS.activity)).map(({ value }) => Event.decode(value).eventId);
    expect(stored).toEqual(others.map(({ eventId }) => eventId));
  });

  it('writes nothing that waits for the log when its caller leaves', async () => {
    const caller = new AbortController();
    const gone = new Error('gone');
    // Busy: what comes waits its turn, as the port has it, until its caller gives it up.
    const busy = Object.assign(Object.create(stores.log) as EventLog, {
      append: async (topic: string, records: readonly NewRecord[], signal?: AbortSignal) => {
        setTimeout(() => caller.abort(gone), 5);
        await sleep(50);
        return stores.log.append(topic, records, signal);
      },
    });
    const events = [eventOf(videoUpsertedOf('v'), NOW_MS), eventOf(searchOf('anna', 'x'), NOW_MS)];
    const collected = collector(busy).collect(
      events.map((event) => ({ event })),
      { callerGone: caller.signal },
    );
    await expect(collected).rejects.toBe(gone);
    expect(await allRecords(stores.log, TOPICS.catalog)).toEqual([]);
    expect(await allRecords(stores.log, TOPICS.activity)).toEqual([]);
    expect(catalogue.factsOf('v')).toBeUndefined();
  });

  it('learns of videos from the log, and keeps the facts of a withdrawn one', async () => {
    await collector().collect([{ event: eventOf(videoUpsertedOf('v'), NOW_MS) }]);
    const elsewhere = new Catalogue(quiet);
    const following = await elsewhere.follow(stores.log);
    expect(elsewhere.factsOf('v')).toEqual(catalogue.factsOf('v'));
    expect(elsewhere.factsOf('v')?.channelId).toBe('channel-1');
    await collector().collect([
      { event: eventOf({ $case: 'videoWithdrawn', value: { videoId: 'v', reason: '' } }, NOW_MS) },
    ]);
    expect(catalogue.factsOf('v')?.channelId).toBe('channel-1');
    await following.stop();
  });

  it('does not stop at a catalog record that is no event', async () => {
    await stores.log.append(TOPICS.catalog, [{ key: 'bad', value: Buffer.from([0xff]) }]);
    await collector().collect([{ event: eventOf(videoUpsertedOf('v'), NOW_MS) }]);
    const other = new Catalogue(quiet);
    const following = await other.follow(stores.log);
    expect(other.factsOf('v')).toBeDefined();
    await following.stop();
  });

  it('counts the events that name a video of which nobody knows the facts', async () => {
    catalogue.learn(eventOf(videoUpsertedOf('known'), NOW_MS));
    const counts: number[] = [];
    const histories = new AnonymousHistory(stores.log, stores.store, PARTITIONS, quiet);
    const counting = new Collector(stores.log, catalogue, histories, () => NOW_MS, {
      onUnknownVideos: (eventCount) => counts.push(eventCount),
    });
    const itemOf = (videoId: string) => ({ ...impressionItemOf(videoId), video: undefined });
    const bodies: (Event['body'] & object)[] = [
      watchOf('anna', 'known', { video: undefined }),
      watchOf('anna', 'unknown', { video: undefined }),
      watchOf('anna', 'told of', { video: videoFactsOf() }),
      impressionsServedOf('anna', [itemOf('known'), itemOf('unknown'), itemOf('unknown too')]),
      searchOf('anna', 'tea'),
    ];
    await counting.collect(bodies.map((body) => ({ event: eventOf(body, NOW_MS) })));
    await counting.collect([{ event: eventOf(searchOf('anna', 'more tea'), NOW_MS) }]);
    expect(counts).toEqual([2]);
  });

  it('fills in no facts that would make a dead letter of what it has accepted', async () => {
    const video = videoFactsOf({ durationSeconds: -1 });
    const value = Event.encode(eventOf(videoUpsertedOf('v', { video }), NOW_MS)).finish();
    await stores.log.append(TOPICS.catalog, [{ key: 'v', value }]);
    const following = await catalogue.follow(stores.log);
    const [result] = await collector().collect([
      { event: eventOf(watchOf('anna', 'v', { video: undefined }), NOW_MS) },
    ]);
    await following.stop();
    expect(result?.status).toBe('accepted');
    const stored = await allRecords(stores.log, TOPICS.activity);
    expect(stored.map(judgeRecord)).toEqual([{ event: expect.objectContaining({ eventId: result?.eventId }) }]);
  });

  it('merges what is folded when the rest does not come', async () => {
    // Nobody materialises here: the log is ahead of the mark for good.
    await fold({ ...newState('visitor'), watchCount: 3 });
    const merge = eventOf(loginOf('anna', 'visitor'), NOW_MS);
    const items = [eventOf(watchOf('visitor', 'a'), NOW_MS), eventOf(watchOf('visitor', 'b'), NOW_MS), merge];
    await collector().collect(items.map((event) => ({ event })));
    const stored = (await allRecords(stores.log, TOPICS.activity))
      .map(({ value }) => Event.decode(value))
      .find(({ eventId }) => eventId === merge.eventId);
    expect(stored?.body).toMatchObject({ value: { history: { userId: 'visitor', watchCount: 3 } } });
  });

  it('merges what came after a login that is sent as backfill, and makes no dead letter of it', async () => {
    await fold({
      ...newState('visitor'),
      ...{ watchCount: 1, lastEventAtMs: NOW_MS },
      watches: [{ videoId: 'a', startedAtMs: NOW_MS, watchSeconds: 5, durationSeconds: 60, playbackHash: 1 }],
    });
    const merge = eventOf(loginOf('anna', 'visitor'), NOW_MS - 86_400_000, { backfill: true });
    const [result] = await collector().collect([{ event: merge }]);
    expect(result?.status).toBe('accepted');
    const [judged] = (await allRecords(stores.log, TOPICS.activity)).map(judgeRecord);
    expect(judged).toMatchObject({ event: { body: { value: { history: { watchCount: 1 } } } } });
  });

  it('refuses a backfill whose history is not folded, and writes none of it', async () => {
    await collector().collect([{ event: eventOf(watchOf('visitor', 'a'), NOW_MS) }]);
    let wallMs = NOW_MS;
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => (wallMs += 500));
    const merge = eventOf(loginOf('anna', 'visitor'), NOW_MS, { backfill: true });
    const items = [eventOf(watchOf('anna', 'b'), NOW_MS), merge].map((event) => ({ event }));
    await expect(collector().collect(items)).rejects.toMatchObject({
      ...{ status: 503, code: 'history-not-folded', retryAfterSeconds: 1 },
      message: expect.stringContaining('1 events of partition'),
    });
    clock.mockRestore();
    expect(await allRecords(stores.log, TOPICS.activity)).toHaveLength(1);
  });

  it('rejects a number that the wire has no place for, and takes the others of its batch', async () => {
    const list = eventOf(impressionsServedOf('anna', [impressionItemOf('v', { sourceScore: 1e39 })]), NOW_MS);
    const results = await collector().collect([{ event: eventOf(watchOf('anna', 'a'), NOW_MS) }, { event: list }]);
    expect(results).toMatchObject([
      { status: 'accepted' },
      { status: 'rejected', field: 'impressionsServed.items[0].sourceScore' },
    ]);
    expect(await allRecords(stores.log, TOPICS.activity)).toHaveLength(1);
  });

  it('stores countries in capitals, and rejects what is none', async () => {
    const results = await collector().collect(
      ['de', 'Germany', ''].map((country) => ({ event: eventOf(watchOf('anna', 'a', { country }), NOW_MS) })),
    );
    expect(results).toMatchObject([
      { status: 'accepted' },
      { status: 'rejected', code: 'invalid-field', field: 'watch.country' },
      { status: 'accepted' },
    ]);
    const stored = (await allRecords(stores.log, TOPICS.activity)).map(({ value }) => Event.decode(value));
    expect(stored.map(({ body }) => body)).toMatchObject([{ value: { country: 'DE' } }, { value: { country: '' } }]);
  });

  it('rejects a time in seconds, of a backfill too', async () => {
    const inSeconds = { ...eventOf(watchOf('anna', 'a'), NOW_MS), occurredAtMs: Math.floor(NOW_MS / 1_000) };
    const results = await collector().collect([{ event: inSeconds }, { event: { ...inSeconds, backfill: true } }]);
    const rejected = {
      status: 'rejected',
      field: 'occurredAtMs',
      reason: expect.stringContaining('are these seconds?') as string,
    };
    expect(results).toMatchObject([rejected, { ...rejected, status: expect.any(String) as string }]);
  });

  describe('on a machine whose clock is behind', () => {
    const BEHIND_MS = 7 * 60_000;
    const onTurnedAway = jest.fn();
    beforeEach(() => onTurnedAway.mockClear());
    const behind = (behindMs = BEHIND_MS) => {
      const histories = new AnonymousHistory(stores.log, stores.store, PARTITIONS, quiet);
      const clockCheck = { behindMs: () => behindMs, onTurnedAway };
      return new Collector(stores.log, catalogue, histories, () => NOW_MS, {}, clockCheck);
    };
    const search = (atMs: number, backfill = false) => {
      const event = { ...eventOf(searchOf('anna', 'x'), atMs), backfill };
      return { event };
    };
    const stored = async () => (await allRecords(stores.log, TOPICS.activity)).length;

    it.each([
      ['live', false],
      ['backfilled', true],
    ])('refuses no %s event for good that is of now, and writes nothing of its batch', async (_kind, backfill) => {
      const batch = [search(NOW_MS), search(NOW_MS + BEHIND_MS, backfill)];
      await expect(behind().collect(batch)).rejects.toMatchObject({
        status: 503,
        code: 'clock-behind',
        retryAfterSeconds: expect.any(Number),
      });
      expect([await stored(), onTurnedAway.mock.calls.length]).toEqual([0, 1]);
    });

    it('still refuses what lies in the future of the right clock too, or is wrong in other ways', async () => {
      const textless = { event: eventOf(watchOf('', 'v'), NOW_MS) };
      const batch = [search(NOW_MS + BEHIND_MS + 6 * 60_000), textless, search(NOW_MS)];
      const results = await behind().collect(batch);
      expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'accepted']);
      expect([await stored(), onTurnedAway.mock.calls.length]).toEqual([1, 0]);
    });

    it('takes what it can take, received by its own clock', async () => {
      const batch = [search(NOW_MS + 4 * 60_000)];
      expect((await behind().collect(batch))[0]).toMatchObject({ status: 'accepted' });
      const [record] = await allRecords(stores.log, TOPICS.activity);
      expect(Event.decode(record!.value).receivedAtMs).toBe(NOW_MS);
    });

    it('refuses for good what lies in the future of a clock that is right', async () => {
      for (const collector of [behind(0), behind(2 * 60_000)]) {
        const [result] = await collector.collect([search(NOW_MS + BEHIND_MS + 60_000)]);
        expect(result).toMatchObject({ status: 'rejected', field: 'occurredAtMs', code: 'invalid-field' });
      }
    });
  });

  describe('a batch of logins while nobody materialises', () => {
    const VISITORS = Array.from({ length: 10 }, (_, i) => `visitor-${i}`);
    const logins = (): { event: Event }[] =>
      VISITORS.flatMap((visitor, i) => [
        eventOf(watchOf(visitor, 'a'), NOW_MS),
        eventOf(loginOf(`user-${i}`, visitor), NOW_MS),
      ]).map((event) => ({ event }));

    it('waits a second in all, and looks less and less often', async () => {
      const looks = jest.spyOn(stores.store, 'readMark');
      await collector().collect(logins());
      // A second for each would be more than a hundred.
      expect(looks.mock.calls.length).toBeLessThan(20);
      expect(await allRecords(stores.log, TOPICS.activity)).toHaveLength(2 * VISITORS.length);
    });

    it('waits for all no longer than for one', async () => {
      const startMs = Date.now();
      let nowMs = startMs;
      const clock = jest.spyOn(Date, 'now').mockImplementation(() => nowMs);
      const read = stores.store.readMark.bind(stores.store);
      jest.spyOn(stores.store, 'readMark').mockImplementation((partition) => ((nowMs += 100), read(partition)));
      await collector().collect(logins());
      clock.mockRestore();
      expect(nowMs - startMs).toBe(1_000);
    });

    it('stops when its caller is gone', async () => {
      // No patience ends, so that nothing else can stop it.
      const clock = jest.spyOn(Date, 'now').mockReturnValue(NOW_MS);
      const caller = new AbortController();
      const collected = collector().collect(logins(), { callerGone: caller.signal });
      const leaving = expect(collected).rejects.toThrow('gone');
      await eventually(async () => (await allRecords(stores.log, TOPICS.activity)).length > 0, 'the first record');
      await sleep(50);
      caller.abort(new Error('gone'));
      await leaving;
      clock.mockRestore();
      // What came before the first login; the producer has no answer, and sends all of it again.
      expect(await allRecords(stores.log, TOPICS.activity)).toHaveLength(1);
    });
  });

  it('merges nothing of a viewer that was never seen', async () => {
    const merge = eventOf(loginOf('anna', 'nobody'), NOW_MS);
    expect((await collector().collect([{ event: merge }]))[0]?.status).toBe('accepted');
    expect(merge.body).toMatchObject({ value: { history: undefined } });
  });
});
