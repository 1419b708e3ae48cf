import { DAY_MS } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { World } from '../index';
import { Arrivals, meanSessionsPerDay } from './arrivals';

/** Midnight before a Monday. */
const endMs = Date.UTC(2026, 10, 23);
const world = new World({ seed: 4, viewerCount: 300, videoCount: 60, dayCount: 14, endMs });

interface Comer {
  readonly atMs: number;
  readonly viewerIndex: number;
}

function arrivals(days: number, { seed = 1, perDay = undefined as number | undefined, fromMs = endMs } = {}): Comer[] {
  const process = new Arrivals(world, createRandom(seed), perDay);
  const found: Comer[] = [];
  for (let atMs = fromMs; atMs < fromMs + days * DAY_MS;) {
    const arrival = process.after(atMs);
    atMs = arrival.atMs;
    if (arrival.viewerIndex !== undefined && atMs < fromMs + days * DAY_MS)
      found.push({ atMs, viewerIndex: arrival.viewerIndex });
  }
  return found;
}

describe('arrivals in the live world', () => {
  it('are the same for the same seed, in order, and others for another', () => {
    const found = arrivals(3);
    expect(arrivals(3)).toEqual(found);
    expect(arrivals(3, { seed: 2 })).not.toEqual(found);
    expect(found.every(({ atMs }, i) => i === 0 || atMs > found[i - 1].atMs)).toBe(true);
  });

  it.each([undefined, 0.5, 1, 5])(
    'come at the stated rate, newcomers’ first sessions included: %p times what the world has by itself',
    (factor) => {
      const own = meanSessionsPerDay(world, endMs);
      const perDay = factor && factor * own;
      const first = new Arrivals(world, createRandom(1), perDay).firstSessionShare(endMs);
      expect(first).toBe(Math.min(1, factor ?? 1));
      const expected = 7 * ((perDay ?? own) - first * world.population.newcomersPerDay);
      expect(Math.abs(arrivals(7, { perDay }).length - expected)).toBeLessThan(4 * Math.sqrt(expected));
    },
  );

  it('keep the stated rate when others have come to the world', () => {
    const busy = new World(world.options);
    const process = new Arrivals(busy, createRandom(1), 1_000);
    const week = () =>
      Array.from({ length: 7 * 96 }, (_, step) => process.sessionsPerDay(endMs + step * (DAY_MS / 96)));
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const before = mean(week());
    busy.newcomersDue(endMs + 100 * DAY_MS);
    // They are there a hundred days later.
    const later = Array.from({ length: 7 * 96 }, (_, step) =>
      process.sessionsPerDay(endMs + 105 * DAY_MS + step * (DAY_MS / 96)),
    );
    expect(mean(later) / before).toBeCloseTo(1, 1);
  });

  it('follow the local evening and the weekend', () => {
    const found = arrivals(28, { perDay: 4 * meanSessionsPerDay(world, endMs) });
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

  it('bring nobody where nobody is left, until somebody comes anew', () => {
    const gone = new World({ ...world.options, viewerCount: 1 });
    gone.population.leaveDay[0] = 1;
    const process = new Arrivals(gone, createRandom(1));
    expect(process.after(endMs)).toEqual({ atMs: endMs + DAY_MS / 96, viewerIndex: undefined });
    const lateMs = endMs + 1_000 * DAY_MS;
    const count = gone.newcomersDue(lateMs).length;
    expect(count).toBeGreaterThan(0);
    expect(process.sessionsPerDay(lateMs)).toBeGreaterThan(0);
  });
});
