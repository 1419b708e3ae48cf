import { eventually } from '@watchnext/testing';
import { LoopLag } from './loop-lag';

describe('the lag of the event loop', () => {
  it('is what stands, not a single pause', () => {
    const lag = new LoopLag();
    for (const lateMs of [1, 0.5, 400, 2]) lag.note(lateMs);
    expect(lag.standingMs).toBe(0.5);
    for (const lateMs of [90, 70, 80]) lag.note(lateMs);
    expect(lag.standingMs).toBe(70);
    lag.note(-1);
    expect(lag.standingMs).toBe(0);
  });

  it('is none before it is known', () => {
    const lag = new LoopLag();
    lag.note(500);
    expect(lag.standingMs).toBe(0);
  });

  it('is taken from timers while it runs', async () => {
    let now = 0;
    // Each look at the clock is 15 ms after the one before: every timer of 10 ms is 5 ms late.
    const lag = new LoopLag(() => (now += 15)).start();
    await eventually(() => lag.standingMs > 0, 'a lag');
    lag.stop();
    expect(lag.standingMs).toBe(5);
  });
});
