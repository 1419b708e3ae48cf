import { SteadyPace } from './steady-pace';

describe('a steady pace', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('is kept at rates beyond those at which timers ring', async () => {
    const startMs = Date.now();
    const dueMs: number[] = [];
    const pace = new SteadyPace(3_000, async (dueAtMs) => void dueMs.push(dueAtMs - startMs));
    pace.start();
    await jest.advanceTimersByTimeAsync(300);
    await pace.stop();
    expect(dueMs).toHaveLength(1 + 300 * 3);
    dueMs.forEach((ms, index) => expect(ms).toBeCloseTo(index / 3));
  });

  it('makes up for a turn that comes late', async () => {
    let begun = 0;
    const pace = new SteadyPace(3_000, async () => void begun++);
    pace.start();
    jest.setSystemTime(Date.now() + 100);
    await jest.advanceTimersByTimeAsync(2);
    await pace.stop();
    expect(begun).toBe(1 + 102 * 3);
  });

  it('lets others have their turn where the work cannot keep it', async () => {
    let begun = 0;
    const pace = new SteadyPace(3_000, () => {
      begun++;
      jest.setSystemTime(Date.now() + 2);
      // For a pace that would go on for ever.
      if (begun > 2_000) throw new Error('nothing else gets a turn');
      return Promise.resolve();
    });
    pace.start();
    const hasTurn = jest.fn();
    setTimeout(hasTurn, 3);
    await jest.advanceTimersByTimeAsync(3);
    await pace.stop();
    expect(hasTurn).toHaveBeenCalled();
    expect(begun).toBeGreaterThan(0);
    expect(begun).toBeLessThan(2_000);
  });
});
