import { createRandom } from '@watchnext/learning';
import { DAY_MS, World } from '../index';
import { Arrivals, meanSessionsPerDay, type Arrival } from './arrivals';

/** Midnight before a Monday. */
const endMs = Date.UTC(2026, 10, 23);
const world = new World({ seed: 4, viewerCount: 300, videoCount: 60, dayCount: 14, endMs });

function arrivals(days: number, { seed = 1, factor = 1, fromMs = endMs } = {}): Arrival[] {
  const process = new Arrivals(world, createRandom(seed), factor);
  const found: Arrival[] = [];
  for (let next = process.after(fromMs); next !== undefined && next.atMs < fromMs + days * DAY_MS;)
    next = process.after(found[found.push(next) - 1].atMs);
  return found;
}

describe('arrivals in the live world', () => {
  it('are the same for the same seed, in order, and others for another', () => {
    const found = arrivals(3);
    expect(arrivals(3)).toEqual(found);
    expect(arrivals(3, { seed: 2 })).not.toEqual(found);
    expect(found.every(({ atMs }, i) => i === 0 || atMs > found[i - 1].atMs)).toBe(true);
  });

  it.each([1, 5])('come at the stated rate: %d times what the world has by itself', (factor) => {
    const expected = 7 * factor * meanSessionsPerDay(world, endMs);
    expect(Math.abs(arrivals(7, { factor }).length - expected)).toBeLessThan(4 * Math.sqrt(expected));
  });

  it('follow the local evening and the weekend', () => {
    const found = arrivals(28, { factor: 4 });
    const germans = found.filter(({ viewerIndex }) => world.viewers[viewerIndex].country === 'DE');
    const localHours = germans.map(({ atMs }) => ((atMs % DAY_MS) / 3_600_000 + 1) % 24);
    const within = (from: number, to: number) =>
      localHours.filter((hour) => hour >= from && hour < to).length / (to - from);
    expect(within(18, 22)).toBeGreaterThan(4 * within(1, 5));
    const onDay = (days: readonly number[]) =>
      found.filter(({ atMs }) => days.includes(Math.floor(world.dayOf(atMs)) % 7)).length / days.length;
    expect(onDay([5, 6]) / onDay([0, 1, 2, 3])).toBeCloseTo(1.18 / 0.91, 0.5);
    expect(onDay([5, 6])).toBeGreaterThan(1.15 * onDay([0, 1, 2, 3]));
  });

  it('bring who comes often more often, and nobody who has left or is not there yet', () => {
    const { population } = world;
    const counts = new Map<number, number>();
    for (const { viewerIndex } of arrivals(28)) counts.set(viewerIndex, (counts.get(viewerIndex) ?? 0) + 1);
    const there = (index: number) => population.leaveDay[index] >= 14;
    expect([...counts.keys()].every(there)).toBe(true);
    const byPace = world.viewers
      .filter(({ index }) => there(index))
      .toSorted((a, b) => b.sessionsPerDay - a.sessionsPerDay);
    const share = byPace.slice(0, 30).reduce((sum, { index }) => sum + (counts.get(index) ?? 0), 0);
    expect(share).toBeGreaterThan(0.25 * arrivals(28).length);
    const early = arrivals(1, { fromMs: world.startMs });
    expect(early.every(({ viewerIndex, atMs }) => population.joinDay[viewerIndex] <= world.dayOf(atMs) + 0.011)).toBe(
      true,
    );
  });

  it('end where nobody is left', () => {
    const gone = new World({ ...world.options, viewerCount: 1 });
    gone.population.leaveDay[0] = 1;
    expect(new Arrivals(gone, createRandom(1)).after(endMs)).toBeUndefined();
  });
});
