import { FROZEN, FROZEN_WORLDS } from './index';
import { FROZEN_CHECKSUMS, sampleChecksum, sampledWorld } from './frozen-checksums';

describe('the frozen worlds', () => {
  it.each(FROZEN_WORLDS)('%s is what it was when it was frozen', (name) => {
    // A failure here means that figures quoted from this world no longer hold: see docs/decisions/0030.
    expect(sampleChecksum(sampledWorld(name))).toBe(FROZEN_CHECKSUMS[name].sample);
  });

  it('have the sizes that the documents state', () => {
    const sizes = FROZEN_WORLDS.map((name) => [
      FROZEN[name].viewerCount,
      FROZEN[name].videoCount,
      FROZEN[name].dayCount,
    ]);
    expect(sizes).toEqual([
      [800, 800, 10],
      [10_000, 5_000, 60],
      [100_000, 1_000_000, 20],
    ]);
  });
});
