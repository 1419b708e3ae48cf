/** What a producer that writes to the topics itself may do to the gateway's memory: nothing that breaks the contract. */
import { Event, TOPICS } from '@watchnext/contract';
import type { EventLog, GroupHandler, LogRecord, Subscription, TailHandler } from '@watchnext/event-log';
import { createLogger } from '@watchnext/service';
import { v7 as timeOrderedId } from 'uuid';
import { Catalogue } from './catalogue';
import { followCatalogue, followWatches } from './feeds';
import { TrendingVideos } from './trending';

const NOW_MS = Date.UTC(2026, 10, 26);
const quiet = createLogger('spec', { level: 'silent', format: 'json' });

const recordOf = (topic: string, offset: number, body: Event['body'], occurredAtMs = NOW_MS): LogRecord => {
  const event = { eventId: timeOrderedId({ msecs: NOW_MS }), occurredAtMs, receivedAtMs: 0, producer: 'spec', body };
  const value = Event.encode({ ...event, backfill: false }).finish();
  return { topic, partition: 0, offset, timestampMs: NOW_MS, key: 'k', value };
};

/** A log of one partition that holds these records. */
function logOf(records: readonly LogRecord[]): EventLog {
  const subscription = {} as Subscription;
  return {
    bounds: async () => [{ partition: 0, firstOffset: 0, endOffset: records.length }],
    tail: async (_topic: string, { onRecords }: TailHandler) => {
      await onRecords(records);
      return subscription;
    },
    joinGroup: async ({ topic }: { topic: string }, { onBatch }: GroupHandler) => {
      await onBatch({
        topic,
        partition: 0,
        records,
        nextOffset: records.length,
        lag: 0,
        signal: new AbortController().signal,
      });
      return subscription;
    },
  } as Partial<EventLog> as EventLog;
}

const uploaded = (videoId: string, durationSeconds: number): Event['body'] => ({
  $case: 'videoUpserted',
  value: {
    videoId,
    title: videoId,
    thumbnailUrl: '',
    video: { channelId: 'c', topics: [], durationSeconds, uploadedAtMs: NOW_MS - 1 },
    availability: undefined,
  },
});

const watched = (videoId: string, playbackId: string): Event['body'] => ({
  $case: 'watch',
  value: {
    userId: 'u',
    videoId,
    playbackId,
    impressionId: '',
    positionSeconds: 1,
    video: undefined,
    country: '',
    device: '',
  },
});

describe('what the gateway follows', () => {
  it('takes no video into the catalogue whose facts ranking would refuse, and keeps what it knew of it', async () => {
    const catalogue = new Catalogue();
    const bodies = [uploaded('a', 60), uploaded('a', -1), uploaded('b', -1), uploaded('c', 60)];
    const records = bodies.map((body, offset) => recordOf(TOPICS.catalog, offset, body));
    await followCatalogue(logOf(records), catalogue, quiet);
    expect(catalogue.newest(10, NOW_MS).map(({ videoId, facts }) => [videoId, facts.durationSeconds])).toEqual([
      ['a', 60],
      ['c', 60],
    ]);
  });

  it('counts no watch of a time in microseconds, beside which all others would weigh nothing', async () => {
    const trending = new TrendingVideos();
    const records = [
      recordOf(TOPICS.activity, 0, watched('a', 'p0')),
      recordOf(TOPICS.activity, 1, watched('a', 'p1')),
      recordOf(TOPICS.activity, 2, watched('mad', 'p2'), NOW_MS * 1_000),
      recordOf(TOPICS.activity, 3, watched('b', 'p3')),
    ];
    await followWatches(logOf(records), trending, quiet);
    expect(trending.top(10, NOW_MS)).toEqual([
      { videoId: 'a', score: 1 },
      { videoId: 'b', score: 0.5 },
    ]);
  });

  it('decodes no record for its watch counts that is no watch', async () => {
    const decode = jest.spyOn(Event, 'decode');
    const records = Array.from({ length: 10 }, (_, i) =>
      recordOf(
        TOPICS.activity,
        i,
        i === 4 ? watched('a', 'p') : { $case: 'search', value: { userId: 'u', query: `${i}` } },
      ),
    );
    const trending = new TrendingVideos(() => NOW_MS);
    await followWatches(logOf(records), trending, quiet);
    expect(decode).toHaveBeenCalledTimes(1);
    decode.mockRestore();
    expect(trending.top(10, NOW_MS)).toEqual([{ videoId: 'a', score: 1 }]);
  });

  it('goes on with what is left where retention has deleted what it would count next, or the log has lost its end', async () => {
    let firstOffset = 0;
    let endOffset = 1_000;
    let handler: GroupHandler | undefined;
    const log = {
      bounds: async () => [{ partition: 0, firstOffset, endOffset }],
      joinGroup: async (_options: object, joined: GroupHandler) => {
        handler = joined;
        return {} as Subscription;
      },
    } as Partial<EventLog> as EventLog;
    await followWatches(log, new TrendingVideos(), quiet);
    expect(await handler?.resumeOffset(0)).toBe(0);
    firstOffset = 400;
    expect(await handler?.resumeOffset(0)).toBe(400);
    await handler?.onBatch({
      topic: '',
      partition: 0,
      records: [],
      nextOffset: 900,
      lag: 100,
      signal: AbortSignal.abort(),
    });
    endOffset = 700;
    expect(await handler?.resumeOffset(0)).toBe(700);
  });
});
