import { type Event, TOPICS } from '@watchnext/contract';
import { partitionOf } from '@watchnext/event-log';
import { StoreUnavailableError } from '@watchnext/feature-store';
import { applyEvent, newState } from '@watchnext/features';
import { eventOf, impressionItemOf, impressionsServedOf, recordOf, userDeletedOf, watchOf } from '@watchnext/testing';
import { allRecords, openStores, PARTITIONS, quiet } from '../../test/harness';
import { addFeedback, noFeedback } from './feedback';
import { Materialiser } from './materialiser';

const AT_MS = 1_790_000_000_000;

describe('feedback on lists', () => {
  const of = (...events: Event[]) => {
    const feedback = noFeedback();
    const state = newState('anna');
    for (const event of events) addFeedback(feedback, state, event, () => applyEvent(state, event));
    return feedback;
  };
  const list = (...videoIds: string[]) =>
    eventOf(
      impressionsServedOf(
        'anna',
        videoIds.map((videoId) => impressionItemOf(videoId)),
      ),
      AT_MS,
    );
  const watch = (positionSeconds: number, impressionId = 'r-0', playbackId = 'p') =>
    eventOf(watchOf('anna', 'v1', { playbackId, positionSeconds, impressionId }), AT_MS + positionSeconds * 1_000);

  it('counts impressions, and each playback once, by how much longer it has become', () => {
    expect(of(list('v1', 'v2', 'v3'), watch(10), watch(30), watch(20), watch(5, 'r-1', 'another'))).toEqual({
      impressionCount: 3,
      watchCount: 2,
      watchSeconds: 35,
    });
  });

  it('counts nothing twice, nothing that names no impression, and nothing of a backfill or a user who is gone', () => {
    const first = watch(10);
    expect(of(first, first, watch(60, ''), { ...list('v1'), backfill: true })).toEqual({
      impressionCount: 0,
      watchCount: 1,
      watchSeconds: 10,
    });
    expect(of(eventOf(userDeletedOf('anna'), AT_MS), list('v1'), watch(10))).toEqual(noFeedback());
  });
});

describe('a materialiser', () => {
  it('tells of feedback once, when it is committed', async () => {
    const stores = await openStores();
    try {
      const partition = partitionOf('anna', PARTITIONS);
      await stores.log.append(TOPICS.activity, [
        recordOf(eventOf(impressionsServedOf('anna', [impressionItemOf('v1')]), AT_MS)),
        recordOf(eventOf(watchOf('anna', 'v1', { positionSeconds: 7, impressionId: 'r-0' }), AT_MS + 1_000)),
      ]);
      let isDown = true;
      const store = new Proxy(stores.store, {
        get: (target, name) =>
          name === 'commit' && isDown
            ? () => Promise.reject(new StoreUnavailableError('away'))
            : Reflect.get(target, name).bind(target),
      });
      const told: unknown[] = [];
      const options = { partitionCount: PARTITIONS, cachedUsersPerPartition: 3 };
      const materialiser = new Materialiser(stores.log, store, quiet, {
        ...options,
        onFeedback: (feedback) => told.push(feedback),
      });
      const deliver = async () => {
        await materialiser.resumeOffset(partition);
        const records = await allRecords(stores.log, TOPICS.activity);
        const { signal } = new AbortController();
        await materialiser.onBatch({ topic: TOPICS.activity, partition, records, nextOffset: 2, lag: 0, signal });
      };
      await expect(deliver()).rejects.toThrow('away');
      expect(told).toEqual([]);
      isDown = false;
      await deliver();
      expect(told).toEqual([{ impressionCount: 1, watchCount: 1, watchSeconds: 7 }]);
    } finally {
      await stores.dispose();
    }
  });
});
