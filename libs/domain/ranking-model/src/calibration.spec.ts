import fc from 'fast-check';
import { createRandom } from '@watchnext/learning';
import { type Calibration, calibrate, fitCalibration, mayReplace, NO_CALIBRATION } from './calibration';

/** Examples at logits spread evenly, each watched for what `secondsAt` says. */
function fitTo(secondsAt: (logit: number) => number, exampleCount = 20_000) {
  const logits = Float64Array.from({ length: exampleCount }, (_, i) => 4 * (i / exampleCount));
  return fitCalibration(logits, logits.map(secondsAt));
}

describe('fitCalibration', () => {
  it('finds how far logits are off, at the low end and at the high', () => {
    // Too low below e² seconds, too high above: what a tower does that has learned by heart.
    const secondsAt = (logit: number) => Math.exp(2 + 0.8 * (logit - 2));
    const calibration = fitTo(secondsAt);
    for (const logit of [0.5, 1, 2, 3, 3.7]) {
      expect(Math.exp(calibrate(calibration, logit)) / secondsAt(logit)).toBeCloseTo(1, 1);
    }
  });

  it('rises everywhere, also where what was watched does not', () => {
    const random = createRandom(3);
    const calibration = fitTo((logit) => (random.next() < 0.3 ? 20 * random.next() + logit : 0), 5_000);
    const served = Array.from({ length: 60 }, (_, i) => calibrate(calibration, -1 + 0.1 * i));
    for (let i = 1; i < served.length; i++) expect(served[i]).toBeGreaterThan(served[i - 1]);
  });

  describe('of a model that is right, where few are watched', () => {
    /** Root of the mean square of ln(calibrated / true seconds), over logs and logits: a watch is as long as an exponential says. */
    function errorOf(clickRate: number, exampleCount: number): number {
      const random = createRandom(9);
      let [sum, count] = [0, 0];
      for (let log = 0; log < 30; log++) {
        // From half to twice the mean of 30 seconds in a hundred impressions at 1%.
        const logits = Float64Array.from(
          { length: exampleCount },
          () => Math.log(30 * clickRate) + (random.next() - 0.5) * 2 * Math.LN2,
        );
        const seconds = logits.map((logit) =>
          random.next() < clickRate ? (-Math.log(1 - random.next()) * Math.exp(logit)) / clickRate : 0,
        );
        const calibration = fitCalibration(logits, seconds);
        for (const logit of logits.subarray(0, 200)) {
          sum += (calibrate(calibration, logit) - logit) ** 2;
          count += 1;
        }
      }
      return Math.exp(Math.sqrt(sum / count));
    }

    it.each([
      [0.002, 4_000, 1],
      [0.01, 4_000, 1],
      [0.05, 4_000, 1.1],
      [0.002, 20_000, 1],
      [0.01, 20_000, 1.1],
      [0.05, 20_000, 1.1],
    ])('is off by chance no more than that: %d of %d watched, by a factor of %d', (clickRate, exampleCount, factor) => {
      expect(errorOf(clickRate, exampleCount)).toBeLessThanOrEqual(factor);
    });
  });

  it('is by ten groups where few of the least are watched, while these have a hundred watches: a third of the log of KuaiRand', () => {
    // By tenths of 1,110 impressions, as a ranker had them there.
    const watched = [165, 276, 379, 426, 479, 518, 532, 595, 605, 688];
    const knotsOf = (ofTheLeast: number) => {
      const counts = [ofTheLeast, ...watched.slice(1)];
      const logits = Float64Array.from({ length: 11_100 }, (_, i) => i / 3_000);
      const seconds = logits.map((_, i) => (i % 1_110 < counts[Math.floor(i / 1_110)] ? 30 : 0));
      return fitCalibration(logits, seconds).logits.length;
    };
    expect([knotsOf(165), knotsOf(100), knotsOf(99)]).toEqual([10, 10, 9]);
  });

  it('moves all logits alike where there are watches for one group, less so the less sure it is', () => {
    const logits = new Float64Array(4_000).fill(1);
    // Every so many are watched, for 100 seconds: what is watched is off by the factor.
    const shift = (every: number) =>
      calibrate(
        fitCalibration(
          logits,
          Float64Array.from(logits, (_, i) => (i % every === 0 ? 100 : 0)),
        ),
        5,
      ) - 5;
    const whole = (every: number) => Math.log(100 / every) - 1;
    for (const every of [40, 25, 20]) {
      expect(shift(every) * Math.sign(whole(every))).toBeLessThanOrEqual(Math.abs(whole(every)));
      expect(Math.abs(shift(every) - whole(every))).toBeLessThan((1.01 * every) / 4_000 / Math.abs(whole(every)));
    }
    expect(shift(200)).toBe(0);
  });

  it('is by ten groups where few of the best are watched, for long, while these have a hundred watches', () => {
    const knotsOf = (ofTheBest: number) => {
      const logits = Float64Array.from({ length: 20_000 }, (_, i) => i / 5_000);
      const seconds = logits.map((_, i) => {
        if (i < 18_000) return i % 2 === 0 ? Math.floor(i / 2_000) + 1 : 0;
        return i - 18_000 < ofTheBest ? 1_000 : 0;
      });
      return fitCalibration(logits, seconds).logits.length;
    };
    expect([knotsOf(100), knotsOf(99)]).toEqual([10, 9]);
  });

  /** Watches beneath each knot: groups are neighbouring parts of equal size, and a knot is the log of their mean of exp(logit). */
  function watchesOfKnots({ logits: knots }: Calibration, logits: Float64Array, seconds: Float64Array): number[] {
    const watchCount = seconds.filter((one) => one > 0).length;
    const partCount = Math.min(10, Math.floor(logits.length / 1_000), Math.floor(watchCount / 200));
    const order = Int32Array.from(logits.keys()).sort((a, b) => logits[a] - logits[b]);
    let part = 0;
    return knots.map((knot) => {
      let [size, watches, expected] = [0, 0, 0];
      do {
        const [from, to] = [part, part + 1].map((one) => Math.round((one * order.length) / partCount));
        for (const member of order.subarray(from, to)) {
          size += 1;
          expected += Math.exp(logits[member]);
          if (seconds[member] > 0) watches += 1;
        }
        part += 1;
      } while (part < partCount && Math.abs(Math.log(expected / size) - knot) > 1e-9);
      expect(Math.log(expected / size)).toBeCloseTo(knot, 9);
      return watches;
    });
  }

  it('has no group of fewer than a hundred watches, wherever few are watched, and rises', () => {
    const log = fc.record({
      seed: fc.nat(),
      exampleCount: fc.integer({ min: 0, max: 12_000 }),
      rate: fc.double({ min: 0, max: 1, noNaN: true }),
      // How much rarer watches are at the other end of the logits, and longer: the mean goes on to rise.
      fewAt: fc.constantFrom('least', 'best', 'none'),
      skew: fc.integer({ min: 1, max: 6 }),
    });
    fc.assert(
      fc.property(log, ({ seed, exampleCount, rate, fewAt, skew }) => {
        const random = createRandom(seed);
        const logits = Float64Array.from({ length: exampleCount }, () => 3 * random.next());
        const seconds = logits.map((logit) => {
          const place = { least: logit / 3, best: 1 - logit / 3, none: 1 }[fewAt];
          const share = rate * place ** skew;
          return random.next() < share ? (Math.exp(logit) / share) * (0.5 + random.next()) : 0;
        });
        const calibration = fitCalibration(logits, seconds);
        const watchCount = seconds.filter((one) => one > 0).length;
        if (watchCount < 100) expect(calibration).toEqual(NO_CALIBRATION);
        if (calibration.logits.length > 1) {
          const counts = watchesOfKnots(calibration, logits, seconds);
          expect(Math.min(...counts)).toBeGreaterThanOrEqual(100);
          expect(counts.reduce((sum, count) => sum + count, 0)).toBe(watchCount);
        }
        for (let i = 1; i < calibration.logits.length; i++) {
          expect(calibration.logits[i]).toBeGreaterThan(calibration.logits[i - 1]);
          expect(calibration.logSeconds[i]).toBeGreaterThan(calibration.logSeconds[i - 1]);
        }
      }),
      { seed: 2, numRuns: 60 },
    );
  });

  it('may replace one of no more knots than there are groups for: of a thousand examples and 200 watches each', () => {
    const knots = (count: number) => ({ logits: Array<number>(count).fill(0), logSeconds: [] });
    const given = (exampleCount: number, watchCount: number) =>
      Float64Array.from({ length: exampleCount }, (_, n) => (n < watchCount ? 30 : 0));
    expect(mayReplace(knots(10), given(10_000, 2_000))).toBe(true);
    expect(mayReplace(knots(10), given(90_000, 1_999))).toBe(false);
    expect(mayReplace(knots(10), given(9_999, 9_999))).toBe(false);
    expect(mayReplace(knots(1), given(3_000, 900))).toBe(true);
    expect(mayReplace(knots(1), given(3_000, 199))).toBe(false);
    expect(mayReplace(NO_CALIBRATION, given(0, 0))).toBe(true);
  });

  it('is by ten groups of equal size where watches are common, as on KuaiRand', () => {
    const { logits } = fitTo((logit) => Math.exp(logit));
    expect(logits).toHaveLength(10);
    logits.forEach((logit, group) => expect(logit).toBeCloseTo(0.4 * group + 0.2, 1));
  });

  it('says nothing of too few examples, of equal logits, or where nothing was watched', () => {
    expect(fitTo(Math.exp, 1_500)).toEqual(NO_CALIBRATION);
    expect(fitTo(() => 0)).toEqual(NO_CALIBRATION);
    expect(calibrate(NO_CALIBRATION, 1.25)).toBe(1.25);
    const equal = fitCalibration(new Float64Array(5_000).fill(2), new Float64Array(5_000).fill(10));
    expect(Math.exp(calibrate(equal, 2))).toBeCloseTo(10, 6);
  });
});
