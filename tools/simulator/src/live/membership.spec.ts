import fc from 'fast-check';
import { DAY_MS } from '@watchnext/features';
import { World } from '../index';
import { Membership, type Happening } from './membership';

const endMs = Date.UTC(2026, 10, 23);
const options = { seed: 6, viewerCount: 120, videoCount: 20, dayCount: 10, endMs };
const LONGEST_DAYS = 60;

function happenings(moments: readonly number[], world = new World(options)): Happening[] {
  const membership = new Membership(world);
  return moments.flatMap((atMs) => membership.due(atMs));
}

const whole = new World(options);
const all = happenings([endMs + LONGEST_DAYS * DAY_MS], whole);
const came = all.filter(({ kind }) => kind === 'came');
const loggedIn = all.filter(({ kind }) => kind === 'logged-in');

describe('who comes to the live world, and who logs in', () => {
  it('is the same whenever somebody asks, and however often: no state to keep', () => {
    const days = fc.array(fc.double({ min: 0, max: LONGEST_DAYS, noNaN: true }), { maxLength: 20 });
    fc.assert(
      fc.property(days, (asked) => {
        const moments = asked.sort((a, b) => a - b).map((day) => Math.floor(endMs + day * DAY_MS));
        const untilMs = moments.at(-1) ?? -Infinity;
        expect(happenings(moments)).toEqual(all.filter(({ atMs }) => atMs <= untilMs));
      }),
      { numRuns: 25 },
    );
  });

  it('comes in order, each viewer once, and logs in after it came', () => {
    expect(all.every(({ atMs }, n) => n === 0 || atMs >= all[n - 1].atMs)).toBe(true);
    const ids = all.map(({ kind, viewer }) => `${kind} ${viewer.index}`);
    expect(new Set(ids).size).toBe(ids.length);
    const comings = new Map(came.map(({ atMs, viewer }) => [viewer.index, atMs]));
    for (const { atMs, viewer } of loggedIn) {
      expect(atMs).toBeGreaterThanOrEqual(comings.get(viewer.index) ?? endMs);
      expect(viewer).toMatchObject({ loggedIn: true, id: `viewer-${String(viewer.index).padStart(5, '0')}` });
      expect(viewer.anonymousId).toBe(viewer.id.replace('viewer', 'anonymous'));
    }
  });

  it('comes every day as often as during the history', () => {
    const perDay = whole.population.newcomersPerDay;
    expect(perDay).toBe((0.25 * options.viewerCount) / options.dayCount);
    const joined = Array.from(whole.population.joinDay.subarray(0, options.viewerCount)).filter((day) => day >= 0);
    expect(Math.abs(joined.length - perDay * options.dayCount)).toBeLessThan(4 * Math.sqrt(perDay * options.dayCount));
    fc.assert(
      fc.property(fc.nat(LONGEST_DAYS - 10), fc.integer({ min: 1, max: 10 }), (from, days) => {
        const within = came.filter(
          ({ atMs }) => atMs > endMs + from * DAY_MS && atMs <= endMs + (from + days) * DAY_MS,
        );
        expect(Math.abs(within.length - days * perDay)).toBeLessThanOrEqual(2);
      }),
    );
  });

  it('is registered, anonymous, or anonymous first in the shares of the history', () => {
    const large = new World({ ...options, viewerCount: 8_000 });
    const membership = new Membership(large);
    const found = membership.due(endMs + 4 * options.dayCount * DAY_MS);
    const newcomers = found.filter(({ kind }) => kind === 'came');
    const later = found.filter(({ kind, viewer }) => kind === 'logged-in' && viewer.index >= 8_000);
    expect(newcomers.length).toBeGreaterThan(7_900);
    expect(newcomers.filter(({ viewer }) => viewer.loggedIn).length / newcomers.length).toBeCloseTo(0.78, 1);
    // Who leaves before, or logs in later still, is not among them.
    expect(later.length / newcomers.length).toBeGreaterThan(0.08);
    expect(later.length / newcomers.length).toBeLessThan(0.12);
    const sessions = (from: number, to: number) =>
      large.population.sessionsPerDay.subarray(from, to).reduce((sum, value) => sum + value, 0) / (to - from);
    expect(sessions(8_000, large.population.count) / sessions(0, 8_000)).toBeCloseTo(1, 1);
  });

  it('leaves the viewers of the history as they were', () => {
    const before = new World(options);
    expect(whole.viewers.slice(0, options.viewerCount)).toEqual(before.viewers);
    for (const column of ['joinDay', 'leaveDay', 'loginDay', 'sessionsPerDay', 'ageYears'] as const)
      expect(whole.population[column].slice(0, options.viewerCount)).toEqual(before.population[column]);
    expect(whole.viewer(came[0].viewer.id)).toEqual(came[0].viewer);
  });
});
