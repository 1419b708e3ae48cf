import { createRandom } from '@watchnext/learning';
import { holdRate } from './held-rate';

describe('a rate held against a promise', () => {
  it('lies where the binomial distribution of the promise has all but the error', () => {
    // Binomial(20, 0.5): P(X ≤ 5) = 0.0207, P(X ≤ 4) = 0.0059, and as much above 14 and 15.
    const held = holdRate({ promised: 0.5, kind: 'is' }, 5, 20, 0.05);
    expect(held).toMatchObject({ rate: 0.25, range: { low: 0.3, high: 0.7 }, kept: false });
    expect(holdRate({ promised: 0.5, kind: 'is' }, 6, 20, 0.05).kept).toBe(true);
    expect(holdRate({ promised: 0.5, kind: 'is' }, 15, 20, 0.05).kept).toBe(false);
    // One side only: P(X ≥ 15) = 0.0207.
    expect(holdRate({ promised: 0.5, kind: 'at-most' }, 0, 20, 0.05)).toMatchObject({
      range: { low: 0, high: 0.7 },
      kept: true,
    });
    expect(holdRate({ promised: 0.5, kind: 'at-least' }, 20, 20, 0.05)).toMatchObject({
      range: { low: 0.3, high: 1 },
      kept: true,
    });
  });

  it('takes a promise of never and one of always at their word', () => {
    expect(holdRate({ promised: 0, kind: 'at-most' }, 0, 50, 0.01).kept).toBe(true);
    expect(holdRate({ promised: 0, kind: 'at-most' }, 1, 50, 0.01).kept).toBe(false);
    expect(holdRate({ promised: 1, kind: 'at-least' }, 50, 50, 0.01).kept).toBe(true);
    expect(holdRate({ promised: 1, kind: 'at-least' }, 49, 50, 0.01).kept).toBe(false);
  });

  it('calls a promise that is kept broken no more often than said', () => {
    const random = createRandom(5);
    const broken = Array.from({ length: 4_000 }, () => {
      let count = 0;
      for (let n = 0; n < 200; n++) if (random.next() < 0.05) count++;
      return !holdRate({ promised: 0.05, kind: 'is' }, count, 200, 0.05).kept;
    }).filter(Boolean).length;
    expect(broken / 4_000).toBeLessThan(0.05);
    expect(broken / 4_000).toBeGreaterThan(0.005);
  });
});
