import { splitMoment } from '@watchnext/evaluation';
import fc from 'fast-check';
import { DAY_MS, HOUR_MS } from '@watchnext/features';
import { checkTrainingDays } from './training-window';

const isLet = (days: number | undefined, evaluationDays: number, settledAfterHours: number) => {
  try {
    checkTrainingDays(days, { evaluationDays, settledAfterHours });
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
    return false;
  }
};

describe('the days of a training', () => {
  it('are all days unless they are told', () => {
    expect(isLet(undefined, 30, 1_000)).toBe(true);
  });

  it('must be more than what is held out and what has no outcome yet', () => {
    expect(() => checkTrainingDays(3, { evaluationDays: 1, settledAfterHours: 24 })).toThrow(
      'WATCHNEXT_TRAINING_DAYS (3) leaves too little to train on: with 1 days to evaluate on and impressions that are settled after 24 hours it takes 4',
    );
    expect(isLet(4, 1, 24)).toBe(true);
    expect(isLet(3, 1, 1)).toBe(true);
  });

  it('leave whole days to train on, wherever in a day the log ends', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 72 }),
        fc.integer({ min: 0, max: DAY_MS - 1 }),
        (evaluationDays, settledAfterHours, restMs) => {
          let days = 1;
          while (!isLet(days, evaluationDays, settledAfterHours)) days++;
          const logEndMs = Date.UTC(2026, 10, 20) + restMs;
          // The first example, somewhat after the window begins.
          const fromMs = Math.floor((logEndMs - days * DAY_MS) / DAY_MS) * DAY_MS + HOUR_MS;
          const { rule } = splitMoment(fromMs, logEndMs - settledAfterHours * HOUR_MS, evaluationDays);
          expect(rule).toMatch(/^last \d+ UTC days?$/);
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });
});
