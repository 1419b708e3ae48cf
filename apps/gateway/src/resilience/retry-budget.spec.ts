import fc from 'fast-check';
import { RetryBudget } from './retry-budget';

describe('a retry budget', () => {
  it('never grants more than its burst and its share of the calls, in whatever stretch of them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 400 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 0, max: 20 }),
        (wants, share, burst) => {
          const budget = new RetryBudget(share, burst);
          const granted = wants.map((wanted) => {
            budget.deposit();
            return wanted && budget.withdraw();
          });
          for (let from = 0; from < granted.length; from += 7) {
            const stretch = granted.slice(from);
            const seconds = stretch.filter(Boolean).length;
            expect(seconds).toBeLessThanOrEqual(burst + share * stretch.length + 1e-6);
          }
        },
      ),
    );
  });

  it('grants one in ten in the long run, once its burst is spent', () => {
    const budget = new RetryBudget();
    let granted = 0;
    for (let call = 0; call < 10_000; call++) {
      budget.deposit();
      if (budget.withdraw()) granted++;
    }
    expect(granted).toBeGreaterThanOrEqual(1_000);
    expect(granted).toBeLessThanOrEqual(1_010);
  });
});
