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

  it('are none where their watches are too few to choose by: then everyone is learned from', () => {
    const [enough, few] = [watchesOf(100, 10), watchesOf(100, 10).slice(0, -1).slice(5)];
    expect(setUsersAside(enough, createRandom(1)).validation).toHaveLength(200);
    expect(setUsersAside(few, createRandom(1))).toEqual({ training: few, validation: [] });
    const veryFew = watchesOf(4, 500);
    expect(setUsersAside(veryFew, createRandom(1))).toEqual({ training: veryFew, validation: [] });
  });

  it('are asked only what can be missed: not where fewer videos than k could stand above the label', () => {
    const seen = (count: number) => Array.from({ length: count }, (_, n) => `v${n}`);
    // Of 40 videos k is 4. The label and 4 others are left, or the label and 3.
    const after = (count: number) =>
      watchesOf(200, 6, 40).map(({ userId, labelAtMs }) =>
        watch(userId, labelAtMs, `v${35 + (labelAtMs % 5)}`, seen(count)),
      );
    const all = watchesOf(200, 1, 40);
    expect(setUsersAside([...all, ...after(35)], createRandom(1)).validation).toHaveLength(40 * 7);
    expect(setUsersAside([...all, ...after(36)], createRandom(1)).validation).toEqual([]);
  });

  it('of a training that begins with an earlier model, are asked of watches that it has not learned', () => {
    const examples = watchesOf(1_000, 10);
    const { training, validation } = setUsersAside(examples, createRandom(1), 5_000);
    expect(validation).toHaveLength(500);
    expect(Math.min(...validation.map(({ labelAtMs }) => labelAtMs))).toBeGreaterThanOrEqual(5_000);
    expect(usersOf(training).size).toBe(900);
    expect(setUsersAside(examples, createRandom(1), 10_000)).toEqual({ training: examples, validation: [] });
  });

  it('are asked at the k of the gate in a small catalogue', () => {
    const sizes = Array.from({ length: 100 }, (_, n) => n + 1);
    expect(sizes.map(validationCutoff)).toEqual(sizes.map(gateRecallK));
  });
});
