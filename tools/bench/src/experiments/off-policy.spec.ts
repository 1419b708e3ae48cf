import { measureOffPolicy } from './off-policy';

describe('off-policy estimates on the simulated world', () => {
  it('find the true value of policies that were not served, and cover it', () => {
    const repeats = 40;
    const figures = measureOffPolicy({ seed: 1, users: 100, videos: 200, draws: 400, repeats });
    for (const { estimator, truth, meanError, rootMeanSquareError, coverage, answered } of figures) {
      if (answered < repeats) continue;
      // Self-normalisation has a bias of the order of one over the effective draws.
      const room =
        3.3 * (rootMeanSquareError / Math.sqrt(repeats)) + (estimator === 'self-normalised' ? 0.02 * truth : 0);
      expect(Math.abs(meanError)).toBeLessThan(room);
      expect(coverage).toBeGreaterThan(0.85);
    }
    // A policy close to the logging one is always answered for.
    expect(figures.filter(({ policy, answered }) => policy === 'greedy' && answered === repeats)).toHaveLength(3);
  });
});
