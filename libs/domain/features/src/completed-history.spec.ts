import * as fc from 'fast-check';
import { candidateFeatures } from './candidate-features';
import { CompletedHistory } from './completed-history';
import { applyEvent } from './reducer';
import { refuse } from './refusal';
import { newState } from './state-codec';
import { USER_ID } from './testing/event-builders';
import { userStreams } from './testing/event-streams';
import type { UserRecord, UserState } from './types';
import { firstOfNewest, foldPlayback } from './watches';

fc.configureGlobal({ seed: 20261126 });

const contextAt = (requestedAtMs: number) => ({
  requestedAtMs,
  surface: '',
  country: '',
  device: '',
  loggedIn: false,
  seedVideoId: '',
});

/** Folds the records as replay does, and gives the state before each. */
function fold(
  records: readonly UserRecord[],
  history: CompletedHistory,
  before: (state: UserState, atMs: number) => void,
) {
  const state = newState(USER_ID);
  for (const { event } of records) {
    if (refuse(event, 0) !== undefined) continue;
    before(state, event.occurredAtMs);
    if (applyEvent(state, event) !== 'applied') continue;
    if (event.body?.$case === 'watch') history.addWatch(state.watches);
    else history.forget();
  }
}

describe('CompletedHistory', () => {
  it('is what going through the watches finds, whatever happens to them, and its ranges stay', () => {
    let outlasted = 0;
    const streams = fc.oneof(
      userStreams({ maxLength: 120 }),
      userStreams({ wide: true, minLength: 120, maxLength: 180, without: ['deleted', 'expired', 'merged'] }),
    );
    fc.assert(
      fc.property(streams, (records) => {
        const history = new CompletedHistory();
        const seen: (() => void)[] = [];
        fold(records, history, (state, atMs) => {
          const { watchedVideoIds, watchedAtMs } = candidateFeatures(state, contextAt(atMs), true);
          const { videoIds, startedAtMs, from, to } = history.before(state.watches, atMs);
          if (firstOfNewest(state.watches) > 0) outlasted++;
          seen.push(() => {
            expect(videoIds.slice(from, to)).toEqual(watchedVideoIds);
            expect(startedAtMs.slice(from, to)).toEqual(watchedAtMs);
          });
          seen.at(-1)!();
        });
        for (const isStill of seen) isStill();
      }),
      { numRuns: 25 },
    );
    expect(outlasted).toBeGreaterThan(100);
  });

  it('goes on in the same list while a viewer watches one video after the other, beyond the bound too', () => {
    const history = new CompletedHistory();
    const watches: UserState['watches'] = [];
    const lists = new Set<readonly string[]>();
    for (let i = 0; i < 200; i++) {
      lists.add(history.before(watches, Infinity).videoIds);
      foldPlayback(watches, `video-${i}`, i, i % 3 === 0 ? 1 : 60, 60, i);
      history.addWatch(watches);
    }
    expect(lists.size).toBe(1);
    const { videoIds, from, to } = history.before(watches, Infinity);
    expect(to - from).toBe(50);
    expect(videoIds.slice(from, to)).toEqual(watches.filter((w) => w.watchSeconds > 1).map((w) => w.videoId));
  });
});
