import type { CandidateExample } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { notLearnedBefore, setUsersAside } from './validation-users';

const watch = (userId: string, labelAtMs: number) => ({ userId, labelAtMs }) as CandidateExample;
const WATCHES = Array.from({ length: 60 }, (_, at) => watch(`user-${at % 20}`, at));

describe('users set aside', () => {
  it('are a fifth of a few, with all their watches, and the same by the seed', () => {
    const { training, validation } = setUsersAside(WATCHES, createRandom(1));
    const aside = new Set(validation.map(({ userId }) => userId));
    expect([aside.size, validation.length, training.length]).toEqual([4, 12, 48]);
    expect(training.filter(({ userId }) => aside.has(userId))).toEqual([]);
    expect(setUsersAside(WATCHES, createRandom(1)).validation).toEqual(validation);
  });

  it('judge a training that begins with an earlier model by watches that it has not learned', () => {
    expect(notLearnedBefore(WATCHES, 50).map(({ labelAtMs }) => labelAtMs)).toEqual([
      50, 51, 52, 53, 54, 55, 56, 57, 58, 59,
    ]);
    expect(notLearnedBefore(WATCHES, 60)).toEqual([]);
    expect(notLearnedBefore(WATCHES, undefined)).toBe(WATCHES);
  });
});
