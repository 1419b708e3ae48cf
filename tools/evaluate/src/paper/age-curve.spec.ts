import { DAY_MS } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { AgeCurveBuilder, compareCurves, curvePoints, misplacedShare } from './age-curve';

const NOW_MS = 1_000 * DAY_MS;
const AGES = { first: -5, last: 20 };
/** Uploaded today, yesterday, tomorrow, at a time unknown. */
const UPLOADED = Float64Array.of(NOW_MS, NOW_MS - DAY_MS, NOW_MS + DAY_MS, NaN);

function curveOf(probabilities: readonly number[], labels: readonly number[]) {
  const builder = new AgeCurveBuilder(AGES, UPLOADED);
  labels.forEach((label, i) => builder.add(`user-${i}`, NOW_MS, label, probabilities));
  return builder.result();
}

describe('an age curve', () => {
  it('puts each video into the day of its age, those of unknown age nowhere', () => {
    const { users, offered } = curveOf([0.5, 0.3, 0.1, 0.1], [0]);
    const at = (ageDays: number) => ageDays - AGES.first;
    expect(offered.reduce((sum, count) => sum + count, 0)).toBe(3);
    expect([offered[at(-1)], offered[at(0)], offered[at(1)]]).toEqual([1, 1, 1]);
    expect(users[0].predicted[at(0)]).toBe(0.5);
    expect(users[0].predicted[at(-1)]).toBe(0.1);
    expect(users[0].observed[at(0)]).toBe(1);
  });

  it('leaves out videos younger or older than the ages asked for', () => {
    const builder = new AgeCurveBuilder({ first: 1, last: 2 }, UPLOADED);
    builder.add('user', NOW_MS, 0, [0.5, 0.3, 0.1, 0.1]);
    const curve = builder.result();
    expect(curve.offered).toEqual([1, 0]);
    expect(curve.users[0]).toMatchObject({ predicted: [0.3, 0], observed: [0, 0] });
  });

  it('is in units of the average video', () => {
    const points = curvePoints(curveOf([0.6, 0.3, 0.1, 0], [0, 0, 1]));
    expect(points.map(({ ageDays }) => ageDays)).toEqual([-1, 0, 1]);
    // Three watches, nine offers: an average video gets a third of a watch.
    expect(points.map(({ observed }) => observed)).toEqual([0, 2, 1]);
    expect(points[1].predicted).toBeCloseTo(1.8, 12);
  });

  it('misplaces nothing when predicted as observed, everything when all lies at other ages', () => {
    expect(misplacedShare(curveOf([1, 0, 0, 0], [0, 0]).users)).toBe(0);
    expect(misplacedShare(curveOf([0, 0, 1, 0], [0, 0]).users)).toBe(1);
  });

  it('tells the better of two, with an interval over users', () => {
    const labels = Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? 1 : 0));
    const [good, bad] = [curveOf([0.66, 0.34, 0, 0], labels), curveOf([0.2, 0.2, 0.6, 0], labels)];
    const { difference, interval } = compareCurves([good], [bad], createRandom(1));
    expect(difference).toBeGreaterThan(0.4);
    expect(interval.low).toBeGreaterThan(0);
    expect(interval.low).toBeLessThan(difference);
    expect(interval.high).toBeGreaterThanOrEqual(difference);
  });
});
