import { EventIds } from './event-ids';

describe('EventIds', () => {
  it('strikes each id once, and none that is not there', () => {
    const ids = new EventIds();
    for (let i = 0; i < 5_000; i++) ids.add(`user-${i % 7}`, `event-${i}`);
    ids.add('user-0', 'event-0');
    expect(ids.count).toBe(5_000);
    expect(ids.strike('user-1', 'event-0')).toBe(false);
    for (let i = 0; i < 5_000; i += 2) expect(ids.strike(`user-${i % 7}`, `event-${i}`)).toBe(true);
    expect(ids.count).toBe(2_500);
    for (let i = 0; i < 5_000; i++) expect(ids.strike(`user-${i % 7}`, `event-${i}`)).toBe(i % 2 === 1);
    expect(ids.count).toBe(0);
  });

  it('keeps what is struck struck when it grows', () => {
    const ids = new EventIds();
    ids.add('anna', 'first');
    ids.strike('anna', 'first');
    for (let i = 0; i < 3_000; i++) ids.add('anna', `event-${i}`);
    expect([ids.strike('anna', 'first'), ids.strike('anna', 'event-7'), ids.count]).toEqual([false, true, 2_999]);
  });
});
