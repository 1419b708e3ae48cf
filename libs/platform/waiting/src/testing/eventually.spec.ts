import { eventually } from './eventually';

const LIMIT_MS = 90_000;

describe('what comes eventually', () => {
  /** Passes time by the limit at the second look. */
  const atTheLimit = (look: () => boolean) => {
    let lookCount = 0;
    return () => {
      if (++lookCount === 2) nowMs += LIMIT_MS + 1;
      return look();
    };
  };
  let nowMs: number;
  beforeEach(() => {
    nowMs = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
  });
  afterEach(() => jest.restoreAllMocks());

  it('is what a check returns once it throws no more', async () => {
    let lookCount = 0;
    const check = async () => {
      if (++lookCount < 3) throw new Error('not yet');
      return 'there';
    };
    expect(await eventually(check)).toBe('there');
    expect(lookCount).toBe(3);
  });

  it('is waited for until it holds', async () => {
    let lookCount = 0;
    await eventually(async () => ++lookCount === 3, 'the third look');
    expect(lookCount).toBe(3);
  });

  it('is looked for once more after the limit, and then named', async () => {
    const failing = atTheLimit(() => {
      throw new Error('the last reason');
    });
    await expect(eventually(failing)).rejects.toThrow('the last reason');
    await expect(
      eventually(
        atTheLimit(() => false),
        'a ship',
      ),
    ).rejects.toThrow('gave up waiting for a ship');
  });

  it('is not waited for where looking fails', async () => {
    const broken = jest.fn(() => {
      throw new Error('broken');
    });
    await expect(eventually(broken, 'a ship')).rejects.toThrow('broken');
    expect(broken).toHaveBeenCalledTimes(1);
  });
});
