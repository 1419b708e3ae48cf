import { createRandom, shuffle } from './random';

const draw = (seed: number, count: number) => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => random.next());
};

describe('createRandom', () => {
  it('gives the same numbers for the same seed and others for a close one', () => {
    expect(draw(7, 100)).toEqual(draw(7, 100));
    expect(draw(7, 100)).not.toEqual(draw(8, 100));
    expect(draw(2 ** 32, 4)).not.toEqual(draw(0, 4));
  });

  it('keeps its sequence from release to release, since snapshots are reproduced from seeds', () => {
    expect(draw(42, 4).map((x) => x * 2 ** 32)).toMatchInlineSnapshot(`
     [
       3648644458,
       4206697674,
       2509843200,
       3011021589,
     ]
    `);
  });

  it('is uniform: moments and serial correlation of 200,000 numbers', () => {
    const numbers = draw(1, 200_000);
    const mean = numbers.reduce((a, b) => a + b) / numbers.length;
    const lag = numbers.slice(1).reduce((sum, x, i) => sum + (x - 0.5) * (numbers[i] - 0.5), 0) / numbers.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.003);
    expect(Math.abs(lag)).toBeLessThan(0.001);
    expect(numbers.every((x) => x >= 0 && x < 1)).toBe(true);
  });

  it('draws each integer equally often, to the bounds', () => {
    const random = createRandom(3);
    const counts = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < 60_000; i++) counts[random.nextInt(6)]++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
    expect(random.nextInt(1)).toBe(0);
    expect(() => random.nextInt(0)).toThrow(RangeError);
  });

  it('draws normals with mean 0, variance 1 and kurtosis 3', () => {
    const random = createRandom(5);
    const numbers = Array.from({ length: 200_000 }, () => random.gaussian());
    const moment = (power: number) => numbers.reduce((sum, x) => sum + x ** power, 0) / numbers.length;
    expect(Math.abs(moment(1))).toBeLessThan(0.01);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.02);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.15);
  });

  it('forks streams by label, whatever was drawn before', () => {
    const fresh = createRandom(9);
    const used = createRandom(9);
    used.gaussian();
    const numbers = (label: string, random = fresh) => {
      const fork = random.fork(label);
      return [fork.next(), fork.next(), fork.next()];
    };
    expect(numbers('a')).toEqual(numbers('a', used));
    expect(numbers('a')).not.toEqual(numbers('b'));
    expect(numbers('a', createRandom(10))).not.toEqual(numbers('a'));
    expect(numbers('a', fresh.fork('x'))).not.toEqual(numbers('a', fresh.fork('y')));
  });

  it.each([-1, 0.5, NaN, 2 ** 53])('refuses the seed %p', (seed) => {
    expect(() => createRandom(seed)).toThrow(RangeError);
  });
});

describe('shuffle', () => {
  it('keeps the items and puts each anywhere equally often', () => {
    const random = createRandom(11);
    const seen = new Int32Array(16);
    for (let round = 0; round < 8_000; round++) {
      const items = Int32Array.from([0, 1, 2, 3]);
      shuffle(items, random);
      expect([...items].sort()).toEqual([0, 1, 2, 3]);
      items.forEach((item, place) => seen[item * 4 + place]++);
    }
    for (const count of seen) expect(Math.abs(count - 2_000)).toBeLessThan(200);
  });
});
