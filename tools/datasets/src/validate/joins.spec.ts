import { Event } from '@watchnext/contract';
import fc from 'fast-check';
import type { UserLog } from './check';
import { JoinCheck } from './joins';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 0);

const served = (request: number, atMs: number) =>
  Event.fromPartial({
    occurredAtMs: atMs,
    body: {
      $case: 'impressionsServed',
      value: { userId: 'u', requestId: `r${request}`, items: [{ impressionId: `r${request}`, videoId: 'v' }] },
    },
  });
const watched = (atMs: number, impressionId = '') =>
  Event.fromPartial({
    occurredAtMs: atMs,
    body: { $case: 'watch', value: { userId: 'u', videoId: 'v', playbackId: `p${atMs}`, impressionId } },
  });

/** Of one user and one video: lists that were watched at once, and watches from elsewhere, at these times. */
function leaksOf(lists: readonly number[], elsewhere: readonly number[]) {
  const events = [
    ...lists.flatMap((atMs, n) => [served(n, atMs), watched(atMs, `r${n}`)]),
    ...elsewhere.map((atMs) => watched(atMs)),
  ].map((event, offset) => ({ event, offset }));
  const check = new JoinCheck();
  check.see({ userId: 'u', events, repetitions: { droppedCount: 0, countedAgain: 0 }, playbacks: [] } as UserLog);
  return check.findings().find((finding) => finding.check === 'leak of the label')!.numbers;
}

describe('watches from elsewhere before a list', () => {
  const times = fc.array(
    fc.integer({ min: 0, max: 40 }).map((quarters) => START_MS + (quarters * HOUR_MS) / 4),
    { maxLength: 12 },
  );

  it('are told by the lists that follow on one within an hour, in whatever order the log has them', () => {
    fc.assert(
      fc.property(times, times, (lists, elsewhere) => {
        const following = lists.filter((list) => elsewhere.some((atMs) => atMs <= list && list - atMs < HOUR_MS));
        expect(leaksOf(lists, elsewhere)).toMatchObject({ echoed: following.length });
      }),
    );
  });

  it('may be tens of thousands of one video, as of everybody without an id', () => {
    const lists = Array.from({ length: 40_000 }, (_, n) => START_MS + n);
    const elsewhere = lists.map((atMs) => atMs + HOUR_MS);
    expect(leaksOf(lists, elsewhere)).toMatchObject({ echoed: 0 });
  });
});
