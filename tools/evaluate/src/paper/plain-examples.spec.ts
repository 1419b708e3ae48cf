import { deserialize, serialize } from 'node:v8';
import type { RankingExample } from '@watchnext/features';
import { plainCandidate, plainImpressions } from './plain-examples';

/** As of a replay: nothing of its own, all by getters. */
function behindGetters<Example extends object>(values: Example): Example {
  const read = Object.entries(values).map(([name, value]) => [name, { get: () => value as unknown }] as const);
  return Object.create(Object.create(null, Object.fromEntries(read)) as object) as Example;
}
const candidate = {
  userId: 'u',
  labelVideoId: 'v',
  labelAtMs: 5,
  features: {
    watchedVideoIds: ['a', 'b'],
    searchTokens: ['cat'],
    country: 'DE',
    device: 'tv',
    loggedIn: true,
    ageYears: 30,
    gender: 1,
  },
};
const userOf = (numbers: readonly number[]) => ({
  userId: 'u',
  lastWatchedVideoId: 'a',
  searches: { tokens: ['cat'], last: ['cat'] },
  seedVideoId: '',
  surface: 'home',
  country: 'DE',
  device: 'tv',
  numbers: Float64Array.from(numbers),
});
const VIDEO = { videoId: 'v', channelId: 'c', topics: ['t'], source: 's', numbers: Float64Array.of(1, NaN) };
const impression = (position: number, numbers: readonly number[]): RankingExample => ({
  userId: 'u',
  requestId: 'r',
  pageId: 'p',
  impressionId: `i-${position}`,
  servedAtMs: 7,
  position,
  user: behindGetters(userOf(numbers)),
  video: behindGetters(VIDEO),
  clicked: true,
  watchSeconds: 3,
  served: { snapshotId: 's', score: 2, featuresChecksum: undefined },
});
const sent = <Value>(value: Value): Value => deserialize(serialize(value)) as Value;

describe('a plain example', () => {
  it('arrives in another process with all that it says', () => {
    expect(sent(behindGetters(candidate))).toEqual({});
    expect(sent(plainCandidate(behindGetters(candidate)))).toEqual(candidate);
    const [arrived] = sent(plainImpressions([behindGetters(impression(0, [1, NaN]))]));
    expect(arrived).toEqual({
      ...impression(0, []),
      user: userOf([1, NaN]),
      video: VIDEO,
    });
  });

  it('shares its user with the others of its list, and with no list that knows another', () => {
    const [first, second, third] = sent(
      plainImpressions([impression(0, [1, NaN]), impression(1, [1, NaN]), impression(2, [2, NaN])]),
    );
    expect(second.user).toBe(first.user);
    expect(third.user).not.toBe(first.user);
    expect([...third.user.numbers]).toEqual([2, NaN]);
  });
});
