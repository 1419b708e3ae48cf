import fc from 'fast-check';
import { WorldClock } from './clock';

const END = 1_000_000;

describe("the world's time", () => {
  it('is the clock until the history ends, and runs faster from there', () => {
    const clock = new WorldClock(END, 30, () => END + 1_000);
    expect(clock.worldMsAt(END - 500)).toBe(END - 500);
    expect(clock.worldMsAt(END)).toBe(END);
    expect(clock.nowMs).toBe(END + 30_000);
  });

  it('goes there and back, and never backwards', () => {
    fc.assert(
      fc.property(
        fc.integer({ max: 1e9 }),
        fc.nat(1e9),
        fc.double({ min: 0.1, max: 1e4, noNaN: true }),
        (at, later, speed) => {
          const clock = new WorldClock(END, speed);
          expect(clock.clockMsAt(clock.worldMsAt(at))).toBeCloseTo(at, 3);
          expect(clock.worldMsAt(at + later)).toBeGreaterThanOrEqual(clock.worldMsAt(at));
        },
      ),
    );
  });
});
