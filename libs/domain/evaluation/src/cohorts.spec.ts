import { cohortLabel, cohortLimits, COHORTS, cohortsOf, groupByCohort } from './cohorts';

describe('cohortLimits', () => {
  it('takes the most active tenth as heavy, and the videos that have half of the watches as popular', () => {
    const users = Array.from({ length: 100 }, (_, user) => user + 1);
    const limits = cohortLimits(users, [50, 30, 10, 5, 5]);
    expect(limits.heavyUserWatches).toBe(91);
    expect(limits.popularVideoWatches).toBe(50);
  });

  it('takes the least active tenth as new where everybody has more watches than new users have', () => {
    const left = Array.from({ length: 100 }, (_, user) => 4 + user);
    expect(cohortLimits(left, []).newUserWatches).toBe(13);
    const few = [4, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    expect(cohortLimits(few, [])).toMatchObject({ newUserWatches: 4, heavyUserWatches: 12 });
    expect(cohortLimits([0, 1, ...few], []).newUserWatches).toBe(3);
    // Nobody has few of them.
    expect(cohortLimits([7, 7, 7], [])).toMatchObject({ newUserWatches: 3, heavyUserWatches: 7 });
    expect(cohortLimits([], []).newUserWatches).toBe(3);
  });

  it('names cohorts by them', () => {
    const limits = cohortLimits([4, 4, 5, 6, 7, 8, 9, 10, 11, 12], [50, 30, 10, 5, 5]);
    expect(COHORTS.map((cohort) => cohortLabel(cohort, limits))).toEqual([
      'new users, ≤ 4',
      'middling users',
      'heavy users, ≥ 12',
      'new videos, ≤ 7 d',
      'unseen videos',
      'rare videos, ≤ 5',
      'popular videos, ≥ 50',
    ]);
  });

  it('keeps new and heavy, rare and popular apart where all are alike', () => {
    const limits = cohortLimits([1, 1, 1], [1, 1]);
    expect(limits.heavyUserWatches).toBeGreaterThan(limits.newUserWatches);
    expect(limits.popularVideoWatches).toBeGreaterThan(limits.rareVideoWatches);
  });
});

describe('cohortsOf', () => {
  const limits = cohortLimits([1, 5, 10, 20, 40, 80, 100, 100, 100, 500], [100, 10, 10]);

  it('puts each watch in one cohort of users', () => {
    const of = (userWatchCount: number) =>
      cohortsOf({ userWatchCount, videoWatchCount: 20, videoAgeDays: undefined }, limits);
    expect(of(0)).toEqual(['new users']);
    expect(of(50)).toEqual(['middling users']);
    expect(of(500)).toEqual(['heavy users']);
  });

  it('knows new videos by their age and unseen ones by training', () => {
    expect(cohortsOf({ userWatchCount: 0, videoWatchCount: 0, videoAgeDays: 2 }, limits)).toEqual([
      'new users',
      'new videos',
      'unseen videos',
    ]);
    expect(cohortsOf({ userWatchCount: 0, videoWatchCount: 100, videoAgeDays: 200 }, limits)).toEqual([
      'new users',
      'popular videos',
    ]);
  });
});

describe('groupByCohort', () => {
  it('lists members by cohort and leaves empty cohorts out', () => {
    const groups = groupByCohort([1, 2, 3], (item) => (item > 1 ? ['heavy users', 'new videos'] : ['heavy users']));
    expect([...groups]).toEqual([
      ['heavy users', [1, 2, 3]],
      ['new videos', [2, 3]],
    ]);
  });
});
