import { setTimeout as sleep } from 'node:timers/promises';
import { SteadyPace } from './steady-pace';

describe('a steady pace', () => {
  it('is kept at rates beyond those at which timers ring', async () => {
    let begun = 0;
    const pace = new SteadyPace(3_000, async () => void begun++);
    const startMs = Date.now();
    pace.start();
    await sleep(300);
    await pace.stop();
    // The last turn may be as late as the machine is busy.
    expect(begun).toBeGreaterThan(1_500 * 0.3);
    expect(begun).toBeLessThanOrEqual(3 * (Date.now() - startMs) + 1);
  });

  it('lets others have their turn where the work cannot keep it', async () => {
    let begun = 0;
    const pace = new SteadyPace(3_000, async () => {
      begun++;
      const untilMs = performance.now() + 2;
      while (performance.now() < untilMs);
      // For a pace that would go on for ever.
      if (begun > 2_000) throw new Error('nothing else gets a turn');
    });
    pace.start();
    await sleep(20);
    await pace.stop();
    expect(begun).toBeLessThan(2_000);
  });
});
