import { Event, TOPICS } from '@watchnext/contract';
import { EVENT_KINDS, flattenEvent } from './flatten-event';

type Body = NonNullable<Event['body']>;
const bodies: Body['$case'][] = [
  'impressionsServed',
  'impressionsViewed',
  'watch',
  'search',
  'dismissal',
  'userUpserted',
  'userMerged',
  'userDeleted',
  'userExpired',
  'videoUpserted',
  'videoWithdrawn',
];
const bytesOf = ($case: Body['$case'], value: object) =>
  Event.encode(
    Event.fromPartial({ eventId: 'id', occurredAtMs: 1, receivedAtMs: 2, body: { $case, value } as Body }),
  ).finish();

describe('flattening an event', () => {
  it.each(bodies)('names the kind %s like its protobuf field, and its user or video', ($case) => {
    const { kind, userId, videoId } = flattenEvent(
      TOPICS.activity,
      bytesOf($case, { userId: 'anna', videoId: 'video' }),
    );
    expect(EVENT_KINDS[kind]).toBe($case.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
    const isOfVideo = $case.startsWith('video');
    expect(userId).toBe(isOfVideo ? '' : 'anna');
    expect(videoId).toBe(isOfVideo || $case === 'watch' || $case === 'dismissal' ? 'video' : '');
  });

  it('finds nothing in what is no event', () => {
    const noEvents = [
      new Uint8Array(),
      Buffer.from('text'),
      Event.encode(Event.fromPartial({ eventId: 'no body' })).finish(),
    ];
    for (const value of noEvents) expect(flattenEvent(TOPICS.activity, value)).toMatchObject({ kind: 0, eventId: '' });
  });

  it('does not take other messages for events', () => {
    expect(flattenEvent(TOPICS.deadLetters, bytesOf('search', { userId: 'anna' }))).toMatchObject({
      kind: 0,
      userId: '',
    });
  });
});
