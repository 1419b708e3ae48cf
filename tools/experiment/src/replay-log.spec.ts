import { Assigner, Moments, USER_NUMBERS, type UserNumbers } from '@watchnext/experiments';
import { createRandom } from '@watchnext/learning';
import { fileWith } from '../test/archived-experiment';
import { drawVariants, ReplayLog } from './replay-log';
import type { UserDay } from './user-days';

const userIds = Array.from({ length: 400 }, (_, n) => `user-${n}`);

describe('variants drawn anew', () => {
  const file = fileWith({ layerPart: [0, 0.5], testers: { 'user-0': 'treatment' } });
  const [experiment] = file.experiments;

  it('are those of the assignment that serves, by the salt', () => {
    const drawn = drawVariants(experiment, userIds, 'november');
    const salted = fileWith({ layerPart: [0, 0.5], testers: { 'user-0': 'treatment' }, salt: 'november' });
    const assigner = new Assigner({ ...salted, layers: [{ name: 'ranking', salt: 'november' }] });
    const expected = userIds.map((userId) => {
      const assignment = assigner.within(salted.experiments[0], userId);
      return assignment ? ['control', 'treatment'].indexOf(assignment.variant.name) : -1;
    });
    expect(expected[0]).toBe(1);
    // A tester has chosen, and is in no split.
    expect([...drawn]).toEqual([-1, ...expected.slice(1)]);
    expect([...drawn].filter((variant) => variant < 0).length / 400).toBeCloseTo(0.5, 1);
    expect([...drawVariants(experiment, userIds, 'another')]).not.toEqual([...drawn]);
  });
});

describe('a replayed log', () => {
  it('sums up each variant as adding user by user does, on every day', () => {
    const random = createRandom(2);
    const days: UserDay[] = userIds.flatMap((userId) => {
      const covariate = random.nextInt(90);
      return [0, 1, 2]
        .filter((day) => day === 0 || random.next() < 0.5)
        .map((day) => ({
          userId,
          day,
          numbers: {
            ...(Object.fromEntries(USER_NUMBERS.map((name) => [name, random.nextInt(9)])) as UserNumbers),
            covariate,
          },
        }));
    });
    const variants = Int8Array.from(userIds, (_, n) => (n % 3) - 1);
    const split = new ReplayLog(days).split(variants, 2);
    for (const variant of [0, 1])
      for (const day of [0, 1, 2]) {
        const expected = new Moments();
        userIds.forEach((userId, user) => {
          if (variants[user] !== variant) return;
          const own = days.filter((one) => one.userId === userId && one.day <= day).map(({ numbers }) => numbers);
          const sums = own.reduce((sum, numbers) => ({
            ...(Object.fromEntries(USER_NUMBERS.map((name) => [name, sum[name] + numbers[name]])) as UserNumbers),
            covariate: numbers.covariate,
          }));
          expected.add(sums);
        });
        expect(split[variant][day]).toEqual(expected);
      }
  });
});
