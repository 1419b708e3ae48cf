import { drawSoak } from './soak-plot';

describe('the plot of a soak', () => {
  it('shows the private memory of each service, a point for each swap that was sampled', () => {
    const trend = (what: string, bySwap: readonly number[]) => ({
      what,
      bySwap,
      growth: undefined,
      verdict: 'unknown' as const,
    });
    const svg = drawSoak(
      {
        trends: [
          trend('gateway: private bytes', [100 * 2 ** 20, NaN, 120 * 2 ** 20]),
          trend('ranking: private bytes', [50 * 2 ** 20]),
          trend('gateway: open files', [30]),
        ],
      },
      { videos: 10, rate: 5, swapSeconds: 120 },
    );
    expect(svg).toContain('gateway after 1.0 min: 100 MiB');
    expect(svg).toContain('gateway after 5.0 min: 120 MiB');
    expect(svg).toContain('ranking after 1.0 min: 50 MiB');
    expect(svg).not.toContain('after 3.0 min');
    expect(svg).not.toContain('30 MiB');
  });
});
