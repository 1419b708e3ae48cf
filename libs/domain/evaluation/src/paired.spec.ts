import { comparePaired } from './paired';
import { UserRatio } from './user-ratio';

function source(seed: number) {
  let state = seed >>> 0;
  return {
    nextInt(exclusiveMaximum: number) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * exclusiveMaximum);
    },
  };
}

/** Users of very different difficulty, with a small constant between the two scorers. */
function twoScorers(gain: (user: number) => number) {
  const first = new UserRatio();
  const second = new UserRatio();
  for (let user = 0; user < 200; user += 1) {
    const difficulty = (user % 10) / 10;
    first.add(`u${user}`, difficulty + gain(user), 1);
    second.add(`u${user}`, difficulty, 1);
  }
  return { first, second };
}

describe('comparePaired', () => {
  it('sees a small difference that the two intervals alone would hide', () => {
    const { first, second } = twoScorers(() => 0.02);
    expect(first.interval(source(1)).low).toBeLessThan(second.interval(source(1)).high);
    const compared = comparePaired(first, second, source(2));
    expect(compared.difference).toBeCloseTo(0.02);
    expect(compared.larger).toBe('first');
    expect(comparePaired(second, first, source(2)).larger).toBe('second');
  });

  it('claims nothing where the sign changes from user to user', () => {
    const { first, second } = twoScorers((user) => (user % 3 === 0 ? 0.04 : -0.02));
    expect(comparePaired(first, second, source(3)).larger).toBe('neither');
  });
});
