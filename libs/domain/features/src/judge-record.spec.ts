import { Event, TOPICS } from '@watchnext/contract';
import { judgeRecord } from './judge-record';
import { eventIdAt, SOME_TIME_MS, videoFacts, watchBody } from './testing/event-builders';

const watch = watchBody();

/** As a producer beside the log writes it: nobody filled in when it was received. */
const recordOf = (body: Event['body'], occurredAtMs: number, topic: string = TOPICS.activity) => {
  const event = Event.fromPartial({ eventId: eventIdAt(SOME_TIME_MS, 1), occurredAtMs, producer: 'spec', body });
  return { topic, timestampMs: SOME_TIME_MS, value: Event.encode(event).finish() };
};

describe('a record of the log', () => {
  it('is its event where that keeps the contract', () => {
    const { event, refusal } = judgeRecord(recordOf(watch, SOME_TIME_MS));
    expect(refusal).toBeUndefined();
    expect(event?.body).toEqual(watch);
  });

  it.each([
    ['bytes that are no event', { ...recordOf(watch, SOME_TIME_MS), value: Uint8Array.of(0xff) }, 'undecodable', /./],
    ['a time in microseconds', recordOf(watch, SOME_TIME_MS * 1_000), 'invalid-field', /^occurredAtMs: /],
    [
      'a duration below nothing',
      recordOf(
        {
          $case: 'videoUpserted',
          value: {
            videoId: 'v',
            title: '',
            thumbnailUrl: '',
            video: videoFacts({ durationSeconds: -1 }),
            availability: undefined,
          },
        },
        SOME_TIME_MS,
        TOPICS.catalog,
      ),
      'invalid-field',
      /^videoUpserted\.video\.durationSeconds: /,
    ],
    ['an event of another topic', recordOf(watch, SOME_TIME_MS, TOPICS.catalog), 'wrong-topic', /^watch: /],
  ])('is refused with the cause: %s', (_case, record, code, error) => {
    expect(judgeRecord(record)).toEqual({
      refusal: { code, error: expect.stringMatching(error) },
      refused: code === 'undecodable' ? undefined : Event.decode(record.value),
    });
  });
});
