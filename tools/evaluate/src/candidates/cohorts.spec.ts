import { watchLogOf } from '@watchnext/evaluation';
import { DAY_MS } from '@watchnext/features';
import { cohortsOfQueries } from './cohorts';
import type { HeldOut } from './protocol';

/** 'often' was watched 12 times from day 0 on, once a user, 'rare' once on day 8; two users watched six and four others. */
const WATCHES = [
  ...Array.from({ length: 12 }, (_, n) => ({ userId: `u${n}`, videoId: 'often', atMs: n * 0.5 * DAY_MS })),
  { userId: 'u0', videoId: 'rare', atMs: 8 * DAY_MS },
  ...Array.from({ length: 6 }, (_, n) => ({ userId: 'heavy', videoId: `x${n}`, atMs: 2 * DAY_MS })),
  ...Array.from({ length: 4 }, (_, n) => ({ userId: 'busy', videoId: `x${n}`, atMs: 2 * DAY_MS })),
];

function cohorts(
  [userId, labelVideoId]: readonly [string, string],
  { timed = true, uploadedAtMs = new Map<string, number>() } = {},
) {
  const features = { watchedVideoIds: [], searchTokens: [], country: '', device: '', loggedIn: false, ageYears: 0 };
  const query: HeldOut = {
    example: { userId, labelVideoId, labelAtMs: 10 * DAY_MS, features: { ...features, gender: 0 } },
    earlierVideoIds: [],
  };
  return cohortsOfQueries([query], watchLogOf(WATCHES, timed), { timed, uploadedAtMs });
}

describe('the cohorts of a held-out watch', () => {
  it('go by how much its user and its video were watched in training', () => {
    expect(cohorts(['u0', 'often']).limits).toMatchObject({ heavyUserWatches: 4, popularVideoWatches: 12 });
    expect(cohorts(['u0', 'often']).cohorts).toEqual([['new users', 'popular videos']]);
    expect(cohorts(['heavy', 'x5']).cohorts).toEqual([['heavy users', 'rare videos']]);
    expect(cohorts(['stranger', 'nowhere']).cohorts).toEqual([['new users', 'unseen videos']]);
  });

  it('go by the age of the video since its upload, or since it was first watched where that is not known', () => {
    const newAmong = (uploadedAtMs: Map<string, number>, video: string) =>
      cohorts(['u0', video], { uploadedAtMs }).cohorts[0].includes('new videos');
    expect(newAmong(new Map(), 'rare')).toBe(true); // first watched two days before
    expect(newAmong(new Map(), 'often')).toBe(false); // ten days before
    expect(newAmong(new Map([['rare', 0]]), 'rare')).toBe(false);
    expect(newAmong(new Map([['often', 9 * DAY_MS]]), 'often')).toBe(true);
    expect(newAmong(new Map([['nowhere', 9 * DAY_MS]]), 'nowhere')).toBe(true);
    expect(newAmong(new Map(), 'nowhere')).toBe(false);
  });

  it('know no new videos where there are no times', () => {
    const { cohorts: untimed } = cohorts(['u0', 'rare'], {
      timed: false,
      uploadedAtMs: new Map([['rare', 9 * DAY_MS]]),
    });
    expect(untimed).toEqual([['new users', 'rare videos']]);
  });
});
