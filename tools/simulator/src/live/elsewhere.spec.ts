import { DAY_MS } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { Truth, ViewerMemory, World } from '../index';
import { Elsewhere } from './elsewhere';

describe('what comes a viewer’s way elsewhere', () => {
  it('are videos of the history, and those uploaded since once they are', () => {
    const endMs = Date.UTC(2026, 10, 23);
    const world = new World({ seed: 3, viewerCount: 5, videoCount: 60, dayCount: 2, endMs });
    const truth = new Truth(world);
    const elsewhere = new Elsewhere(world, truth);
    const random = createRandom(1);
    const drawnAt = (atMs: number) =>
      Array.from({ length: 60 }, () => elsewhere.draw(truth.momentOf(0, atMs), new ViewerMemory(), random)).flatMap(
        (drawn) => drawn ?? [],
      );
    const before = drawnAt(endMs + DAY_MS);
    expect(before.length).toBeGreaterThan(0);
    expect(before.every(({ videoIndex }) => videoIndex < 60)).toBe(true);
    world.uploadDue(endMs + 2 * DAY_MS, DAY_MS / 96);
    const after = drawnAt(endMs + 2 * DAY_MS);
    expect(after.some(({ videoIndex }) => videoIndex >= 60)).toBe(true);
    for (const { videoIndex, watchSeconds } of after) {
      expect(watchSeconds).toBeGreaterThan(0);
      expect(watchSeconds).toBeLessThanOrEqual(world.catalogue.durationSeconds[videoIndex]);
    }
  });
});
