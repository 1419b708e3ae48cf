import { Event, TOPICS } from '@watchnext/contract';
import { decodeState } from '@watchnext/features';
import { eventOf, recordOf, watchOf } from '@watchnext/testing';
import { type EventToFold, foldUser } from './fold-user';

/** A video whose watches the reducer survives, and the state's encoding does not. */
const DEADLY = 'deadly';

jest.mock('@watchnext/features', () => {
  const actual = jest.requireActual<typeof import('@watchnext/features')>('@watchnext/features');
  const broken = new WeakSet<object>();
  return {
    ...actual,
    applyEvent: (...[state, event]: Parameters<typeof actual.applyEvent>) => {
      if (event.body?.$case === 'watch' && event.body.value.videoId === DEADLY) broken.add(state);
      return actual.applyEvent(state, event);
    },
    encodeState: (...[state]: Parameters<typeof actual.encodeState>) => {
      if (broken.has(state)) throw new RangeError('no such number');
      return actual.encodeState(state);
    },
  };
});

const AT_MS = 1_790_000_000_000;

const entriesOf = (videoIds: readonly string[]): EventToFold[] =>
  videoIds.map((videoId, offset) => {
    const event = eventOf(watchOf('anna', videoId, { playbackId: `p-${offset}` }), AT_MS + offset * 1_000);
    const place = { topic: TOPICS.activity, partition: 0, offset, timestampMs: AT_MS };
    const record = { ...place, ...recordOf(event), headers: {} };
    return { userId: 'anna', event: Event.decode(record.value), record };
  });

describe('a state that does not encode', () => {
  it.each([1, 2, 3, 5, 8])('is without the event that did it, and with all others, in batches of %d', (size) => {
    const entries = entriesOf(['a', 'b', DEADLY, 'c', DEADLY, 'd', 'e', 'f']);
    let state: Uint8Array | undefined;
    const dead: number[] = [];
    for (let from = 0; from < entries.length; from += size) {
      const folded = foldUser('anna', state, entries.slice(from, from + size));
      state = folded.state;
      for (const { code, record } of folded.failures) {
        expect(code).toBe('does-not-fold');
        dead.push(record.offset);
      }
    }
    expect(dead).toEqual([2, 4]);
    expect(decodeState(state as Uint8Array).watchCount).toBe(6);
  });
});
