import { HedgeWorth } from './hedge-worth';

const times = (count: number, work: () => void) => Array.from({ length: count }, work);

describe('second tries beside late first ones', () => {
  it('are made until some dozens of them in a row came second', () => {
    const worth = new HedgeWorth();
    let made = 0;
    while (worth.isWorthwhile()) {
      worth.note(false);
      made++;
    }
    expect(made).toBeGreaterThan(24);
    expect(made).toBeLessThan(48);
  });

  it('go on where a fifth of them come first', () => {
    const worth = new HedgeWorth();
    times(100, () => {
      times(4, () => worth.note(false));
      worth.note(true);
      expect(worth.isWorthwhile()).toBe(true);
    });
  });

  it('are tried now and then where they were no use, and come back when they are', () => {
    const worth = new HedgeWorth();
    times(200, () => worth.note(false));
    const made = times(320, () => worth.isWorthwhile()).filter(Boolean).length;
    expect(made).toBe(40);
    times(2, () => worth.note(true));
    expect(worth.isWorthwhile()).toBe(true);
  });
});
