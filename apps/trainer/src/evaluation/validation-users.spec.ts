import { validationCutoff } from '@watchnext/candidate-model';
import { type CandidateExample, NO_CIRCUMSTANCES } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { gateRecallK } from './next-watch';
import { setUsersAside } from './validation-users';

const watch = (userId: string, labelAtMs: number, labelVideoId: string, watchedVideoIds: string[] = []) =>
  ({ userId, labelAtMs, labelVideoId, features: { watchedVideoIds, ...NO_CIRCUMSTANCES } }) as CandidateExample;
/** Of each user as many watches, all videos equally often. */
const watchesOf = (userCount: number, each: number, videoCount = 400) =>
  Array.from({ length: userCount * each }, (_, at) => watch(`user-${at % userCount}`, at, `v${at % videoCount}`));
const usersOf = (examples: readonly CandidateExample[]) => new Set(examples.map(({ userId }) => userId));

describe('users set aside', () => {
  it('are whole users, a tenth of many: none is on both sides, none is lost, and they are the same by the seed', () => {
    const examples = watchesOf(2_000, 2);
    const { training, validation } = setUsersAside(examples, createRandom(1));
    expect(training.length + validation.length).toBe(examples.length);
    expect([...usersOf(validation)].filter((userId) => usersOf(training).has(userId))).toEqual([]);
    expect(usersOf(validation).size).toBe(200);
    expect(setUsersAside(examples, createRandom(1)).validation).toEqual(validation);
    expect(setUsersAside(examples, createRandom(2)).validation).not.toEqual(validation);
  });

  it('are a fifth of a few', () => {
    expect(usersOf(setUsersAside(watchesOf(100, 10), createRandom(1)).validation).size).toBe(20);
  });

  it('of a training that begins with an earlier model, are asked of watches that it has not learned', () => {
    const examples = watchesOf(1_000, 10);
    const { training, validation } = setUsersAside(examples, createRandom(1), 5_000);
    expect(validation).toHaveLength(500);
    expect(Math.min(...validation.map(({ labelAtMs }) => labelAtMs))).toBeGreaterThanOrEqual(5_000);
    expect(usersOf(training).size).toBe(900);
    expect(setUsersAside(examples, createRandom(1), 10_000).validation).toEqual([]);
  });

  it('are asked at the k of the gate in a small catalogue', () => {
    const sizes = Array.from({ length: 100 }, (_, n) => n + 1);
    expect(sizes.map(validationCutoff)).toEqual(sizes.map(gateRecallK));
  });
});
