import { Metrics } from '../metrics';
import { CallerGoneError } from '../pipeline/failure';
import { AdaptiveLimit } from '../resilience/adaptive-limit';
import { Door } from './door';

describe('the door', () => {
  const make = () => {
    const leave = jest.fn();
    const limit = new AdaptiveLimit({ initial: 1, minimum: 1, maximum: 1, targetMs: 100 });
    const enter = jest.spyOn(limit, 'enter').mockReturnValue(leave);
    return { door: new Door(limit, new Metrics()), enter, leave };
  };

  it('tells the limit how each request ended, and its deadline', async () => {
    const { door, enter, leave } = make();
    await expect(door.through(async () => 'answer', 40)).resolves.toBe('answer');
    await door.through(
      async () => 'list',
      undefined,
      (result) => result !== 'list',
    );
    await expect(door.through(() => Promise.reject(new CallerGoneError()))).rejects.toThrow(CallerGoneError);
    await expect(door.through(() => Promise.reject(new RangeError('limit')))).rejects.toThrow(RangeError);
    expect(enter.mock.calls).toEqual([
      [40, 0],
      [undefined, 0],
      [undefined, 0],
      [undefined, 0],
    ]);
    expect(leave.mock.calls).toEqual([['answered'], ['degraded'], ['abandoned'], ['refused']]);
  });

  it('tells the limit and the work how long a request waited before it came', async () => {
    const limit = new AdaptiveLimit({ initial: 1, minimum: 1, maximum: 1, targetMs: 100 });
    const enter = jest.spyOn(limit, 'enter');
    const lag = { standingMs: 70 };
    const door = new Door(limit, new Metrics(), lag);
    const work = jest.fn(async (_waitedMs: number) => {
      lag.standingMs = 0;
    });
    await door.through(work, 40);
    await door.through(work);
    expect(enter.mock.calls).toEqual([
      [40, 70],
      [undefined, 0],
    ]);
    expect(work.mock.calls).toEqual([[70], [0]]);
  });

  it('turns away what the limit does not let in', async () => {
    const { door, enter } = make();
    enter.mockReturnValue(undefined);
    const work = jest.fn();
    await expect(door.through(work)).rejects.toMatchObject({ status: 429, retryAfterSeconds: 1 });
    expect(work).not.toHaveBeenCalled();
  });
});
