import { TokenBucket } from './token-bucket';

describe('a token bucket', () => {
  let nowMs = 0;
  const bucket = (perSecond: number) => new TokenBucket(perSecond, () => nowMs);

  it('lets a rate through for ever, and no more than it', () => {
    const limit = bucket(10);
    let taken = 0;
    for (nowMs = 0; nowMs < 60_000; nowMs += 10) if (limit.take(1) === 0) taken++;
    expect(taken).toBeGreaterThanOrEqual(600);
    expect(taken).toBeLessThanOrEqual(611);
  });

  it('lets a batch larger than its share through, and then says how long that takes', () => {
    nowMs = 0;
    const limit = bucket(100);
    expect(limit.take(1_000)).toBe(0);
    expect(limit.take(1)).toBe(9);
    nowMs = 8_900;
    expect(limit.take(1)).toBe(1);
    nowMs = 9_010;
    expect(limit.take(1)).toBe(0);
  });

  it('survives a clock that goes back', () => {
    nowMs = 10_000;
    const limit = bucket(1);
    expect(limit.take(1)).toBe(0);
    nowMs = 0;
    expect(limit.take(1)).toBe(1);
    nowMs = 1_500;
    expect(limit.take(1)).toBe(0);
  });
});
