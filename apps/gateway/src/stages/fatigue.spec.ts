import { HOUR_MS } from '@watchnext/features';
import { tiredOf } from './fatigue';

const exposures = [
  { videoId: 'often', impressionCount: 3, lastShownAtMs: 100 * HOUR_MS },
  { videoId: 'oftener', impressionCount: 30, lastShownAtMs: 100 * HOUR_MS },
  { videoId: 'seldom', impressionCount: 2, lastShownAtMs: 100 * HOUR_MS },
  { videoId: 'long ago', impressionCount: 30, lastShownAtMs: 70 * HOUR_MS },
];
const rule = { impressionCount: 3, restMs: 24 * HOUR_MS };

describe('impression fatigue', () => {
  it('lets rest what was shown often, from the second it was shown last and until its rest is over', () => {
    expect([...tiredOf(exposures, rule, 100 * HOUR_MS + 1)]).toEqual(['often', 'oftener']);
    expect([...tiredOf(exposures, rule, 124 * HOUR_MS - 1)]).toEqual(['often', 'oftener']);
    expect([...tiredOf(exposures, rule, 124 * HOUR_MS)]).toEqual([]);
  });

  it('lets nothing rest where no time is set', () => {
    expect(tiredOf(exposures, { ...rule, restMs: 0 }, 100 * HOUR_MS).size).toBe(0);
  });
});
