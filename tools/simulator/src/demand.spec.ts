import { createRandom } from '@watchnext/learning';
import { Demand } from './demand';
import { MOST_VIDEOS } from './parameters';
import type { World } from './world';

describe('demand', () => {
  it('draws a channel’s own videos, also once uploads have made more than a history may hold', () => {
    const count = MOST_VIDEOS + 1_000;
    const channelCount = 40;
    const catalogue = {
      count,
      channel: Uint32Array.from({ length: count }, (_, index) => index % channelCount),
      uploadedAtMs: new Float64Array(count),
      channels: { count: channelCount, language: new Uint8Array(channelCount), topic: new Uint8Array(channelCount) },
      // Only the last ones, past the bound, are in demand.
      demandAt: (index: number) => (index >= MOST_VIDEOS ? 1 : 0),
    };
    const demand = new Demand({ catalogue, startMs: 0, dayOf: () => 1 } as unknown as World);
    const random = createRandom(1);
    for (let channel = 0; channel < channelCount; channel++) {
      const video = demand.ofChannel(channel, 1, random);
      expect(video).toBeGreaterThanOrEqual(MOST_VIDEOS);
      expect(video % channelCount).toBe(channel);
    }
  });
});
