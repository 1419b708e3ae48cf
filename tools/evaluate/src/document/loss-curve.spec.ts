import { LossCurve } from './loss-curve';

describe('a loss curve', () => {
  it('keeps a short training as it is', () => {
    const curve = new LossCurve();
    [3, 2, NaN, 1].forEach((loss, step) => curve.add(step, loss));
    expect(curve.read()).toEqual([
      { step: 0, loss: 3 },
      { step: 1, loss: 2 },
      { step: 3, loss: 1 },
    ]);
  });

  it('thins a long one and keeps its course', () => {
    const curve = new LossCurve();
    for (let step = 1; step <= 10_000; step++) curve.add(step, 1 / step);
    const points = curve.read();
    expect(points.length).toBeLessThan(160);
    expect(points.every(({ loss }, i) => i === 0 || loss < points[i - 1].loss)).toBe(true);
    expect(points.at(-1)!.step).toBeGreaterThan(9_800);
  });
});
