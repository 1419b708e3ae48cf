import { LATENCY_BUCKETS, MetricsRegistry } from './metrics';

const HELP = { calls_total: 'Calls.', depth: 'Waiting.', call_seconds: 'Seconds.' };

describe('metrics', () => {
  it('are written in the text format', () => {
    const metrics = new MetricsRegistry(HELP, [0.1, 1]);
    metrics.count('calls_total', { code: 'a "b"\n' });
    metrics.count('calls_total', { code: 'a "b"\n' }, 2);
    metrics.gauge('depth', () => 7);
    metrics.observe('call_seconds', 0.5, { rpc: 'x' });
    expect(metrics.render()).toBe(
      [
        '# HELP calls_total Calls.',
        '# TYPE calls_total counter',
        'calls_total{code="a \\"b\\"\\n"} 3',
        '# HELP depth Waiting.',
        '# TYPE depth gauge',
        'depth 7',
        '# HELP call_seconds Seconds.',
        '# TYPE call_seconds histogram',
        'call_seconds_bucket{rpc="x",le="0.1"} 0',
        'call_seconds_bucket{rpc="x",le="1"} 1',
        'call_seconds_bucket{rpc="x",le="+Inf"} 1',
        'call_seconds_sum{rpc="x"} 0.5',
        'call_seconds_count{rpc="x"} 1',
        '',
      ].join('\n'),
    );
    expect(metrics.value('calls_total', { code: 'a "b"\n' })).toBe(3);
  });

  it('have a bound at what latencies are aimed at, and others around it', () => {
    // Lists are slow, says the alert, from 0.4 s on; their deadline is 0.5 s.
    const around = LATENCY_BUCKETS.filter((bound) => bound >= 0.25);
    expect(around).toEqual([0.25, 0.3, 0.4, 0.5, 0.75, 1, 2]);
    expect([...LATENCY_BUCKETS].sort((a, b) => a - b)).toEqual(LATENCY_BUCKETS);
  });

  it('keep series apart whose labels are alike', () => {
    const metrics = new MetricsRegistry(HELP);
    const all: Record<string, string>[] = [
      {},
      { a: 'x' },
      { b: 'x' },
      { a: 'x', b: 'y' },
      { a: 'x', x: 'b' },
      { a: 'b' },
    ];
    for (const round of [1, 2]) all.forEach((labels, i) => metrics.count('calls_total', labels, round * (i + 1)));
    expect(all.map((labels) => metrics.value('calls_total', labels))).toEqual([3, 6, 9, 12, 15, 18]);
    expect(metrics.render()).toContain('calls_total{a="x",b="y"} 12\n');
  });

  it('tell when the event loop was held up', async () => {
    const metrics = new MetricsRegistry({});
    metrics.watchEventLoop();
    const worst = () => Number(/quantile="1"} (.*)/.exec(metrics.render())![1]);
    // The watch begins with its first tick, which a busy machine may leave for later.
    for (let i = 0; i < 20 && worst() < 0.03; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      const until = performance.now() + 60;
      while (performance.now() < until);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(worst()).toBeGreaterThan(0.03);
    // Another scraper sees it too.
    expect(worst()).toBeGreaterThan(0.03);
  });
});
