import { DAY_MS, NO_CIRCUMSTANCES } from '@watchnext/features';
import type { WatchData } from '../data/watch-data';
import { fewQueriesWarning } from './few-queries';
import { type Protocol, splitWatches } from './protocol';

const DAY_COUNT = 100;
const protocol = { name: 'temporal', testDays: 2, queriesPerUser: 5 } as const;

/** Each day others come, who watch five videos. */
function dataOf(usersOfADay: number): WatchData {
  const users = Array.from({ length: DAY_COUNT * usersOfADay }, (_, user) => {
    const userId = `u${user}`;
    const examples = Array.from({ length: 5 }, (_w, watch) => ({
      userId,
      labelVideoId: `v${(user + watch) % 40}`,
      labelAtMs: (Math.floor(user / usersOfADay) + 0.6) * DAY_MS + watch,
      features: { watchedVideoIds: [], ...NO_CIRCUMSTANCES },
    }));
    return { userId, examples };
  });
  return { source: 'test', timed: true, users, uploadedAtMs: new Map() };
}
const warningOf = (usersOfADay: number, asked: Protocol = protocol) => {
  const data = dataOf(usersOfADay);
  return fewQueriesWarning(splitWatches(data, asked, 'left-out').test, data, asked, 'test', 'left-out');
};

describe('held-out days with few queries', () => {
  it('are warned of with the days that ask enough', () => {
    expect(warningOf(6)).toBe(
      'the test part asks only 60 queries of 12 users, fewer than the 200 queries of 30 users that it takes to tell scorers apart: ' +
        '--test-days 8 asks 240 queries of 48 users',
    );
  });

  it('are warned of with a fifth of the time where nothing is enough', () => {
    expect(warningOf(1)).toMatch(/asks only 10 queries of 2 users, .*: --test-days 19 asks 95 queries of 19 users$/);
  });

  it('are warned of with what else there is where no day more can be had', () => {
    expect(warningOf(1, { ...protocol, testDays: 19 })).toMatch(/more days than 19 ask no more: --protocol leave/);
    expect(warningOf(1, { ...protocol, testFromMs: 98 * DAY_MS })).toMatch(/: an earlier --test-from asks more$/);
  });

  it('are none where there are enough, or no days were held out', () => {
    expect(warningOf(20)).toBeUndefined();
    expect(warningOf(1, { name: 'leave-one-out', minWatches: 3 })).toBeUndefined();
  });
});
