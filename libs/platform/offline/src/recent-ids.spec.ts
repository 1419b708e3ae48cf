import * as fc from 'fast-check';
import { RecentIds } from './recent-ids';

fc.configureGlobal({ seed: 20261128 });

describe('ids of late', () => {
  it('are known for as long as a window, whatever comes between', () => {
    const steps = fc.array(fc.record({ id: fc.constantFrom('a', 'b', 'c'), gapMs: fc.integer({ min: 0, max: 30 }) }));
    fc.assert(
      fc.property(steps, (all) => {
        const ids = new RecentIds(50);
        const firstMs = new Map<string, number>();
        let nowMs = 1_000;
        for (const { id, gapMs } of all) {
          nowMs += gapMs;
          const seen = ids.hasSeen(id, nowMs);
          const beforeMs = firstMs.get(id);
          if (!seen) firstMs.set(id, nowMs);
          if (beforeMs === undefined) expect(seen).toBe(false);
          else if (nowMs - beforeMs < 50) expect(seen).toBe(true);
          else if (nowMs - beforeMs >= 180) expect(seen).toBe(false);
        }
      }),
    );
  });

  it('are let go of while others come', () => {
    const ids = new RecentIds(100);
    for (let i = 0; i < 10_000; i++) ids.hasSeen(`id ${i}`, i);
    expect(ids.size).toBeLessThanOrEqual(200);
  });
});
