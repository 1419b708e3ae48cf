import { Adam } from './adam';

describe('Adam', () => {
  it('follows the published algorithm, step by step', () => {
    const values = Float32Array.from([1, -2]);
    const adam = new Adam([values], { learningRate: 0.1 });
    const expected = [1, -2];
    const m = [0, 0];
    const v = [0, 0];
    for (let t = 1; t <= 5; t++) {
      const gradient = Float32Array.from([0.3 * t, -1 / t]);
      adam.step([gradient]);
      gradient.forEach((g, i) => {
        m[i] = 0.9 * m[i] + 0.1 * g;
        v[i] = 0.999 * v[i] + 0.001 * g * g;
        expected[i] -= (0.1 * (m[i] / (1 - 0.9 ** t))) / (Math.sqrt(v[i] / (1 - 0.999 ** t)) + 1e-8);
      });
      expect(values[0]).toBeCloseTo(expected[0], 5);
      expect(values[1]).toBeCloseTo(expected[1], 5);
    }
  });

  it('comes to the minimum of a quadratic', () => {
    const values = Float32Array.from([5, -3]);
    const adam = new Adam([values.subarray(0, 1), values.subarray(1)], { learningRate: 0.05 });
    for (let step = 0; step < 1_000; step++) {
      adam.step([Float32Array.of(values[0] - 1), Float32Array.of(10 * (values[1] - 2))]);
    }
    expect(values[0]).toBeCloseTo(1, 3);
    expect(values[1]).toBeCloseTo(2, 3);
  });

  it('goes on from a state as the one that it is of would', () => {
    const gradients = [Float32Array.of(0.5, -1), Float32Array.of(2)];
    const start = () => [Float32Array.of(1, 2), Float32Array.of(3)];
    const [whole, parted] = [start(), start()];
    const adam = new Adam(whole, { learningRate: 0.1 });
    const first = new Adam(parted, { learningRate: 0.1 });
    for (const each of [adam, adam, first]) each.step(gradients);
    const second = new Adam(parted, { learningRate: 0.1 });
    second.restore(first.state());
    second.step(gradients);
    expect(parted).toEqual(whole);
  });

  it.each([
    ['fewer', [2]],
    ['more', [2, 1, 1]],
    ['shorter ones', [1, 1]],
    ['longer ones', [2, 2]],
  ])('refuses the state of other parameters, %s, and keeps its own', (_, sizes) => {
    const adam = new Adam([new Float32Array(2), new Float32Array(1)], { learningRate: 0.1 });
    adam.step([Float32Array.of(1, 2), Float32Array.of(3)]);
    const own = adam.state();
    const others = sizes.map((size) => new Float32Array(size).fill(9));
    expect(() => adam.restore({ ...own, stepCount: 7, firstMoments: others })).toThrow(RangeError);
    expect(() => adam.restore({ ...own, stepCount: 7, secondMoments: others })).toThrow(RangeError);
    expect(adam.state()).toEqual(own);
  });

  it('refuses gradients that do not fit', () => {
    const adam = new Adam([new Float32Array(2)], { learningRate: 0.1 });
    expect(() => adam.step([])).toThrow(RangeError);
    expect(() => adam.step([new Float32Array(3)])).toThrow(RangeError);
  });
});
