import { replay, simulatedDays } from './replays';

jest.setTimeout(120_000);

describe('experiments replayed on the simulated world', () => {
  it('keep their promises: errors with and without peeking, power, coverage, sample ratio, bots', async () => {
    const days = await simulatedDays({ seed: 1, users: 300, videos: 200, days: 7 });
    const { rates, plan, peekingAtFixedIntervals } = replay(days, 100);
    expect(plan.users).toBeGreaterThan(200);
    expect(rates.filter(({ kept }) => !kept)).toEqual([]);
    // What the always-valid intervals are for: peeking at the others errs far more often than one time in twenty.
    expect(peekingAtFixedIntervals).toBeGreaterThan(0.1);
  });
});
