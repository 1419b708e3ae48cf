import { createRandom } from '@watchnext/learning';
import { calibrate, fitCalibration, NO_CALIBRATION } from './calibration';

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

  it('says nothing of too few examples, of equal logits, or where nothing was watched', () => {
    expect(fitTo(Math.exp, 1_500)).toEqual(NO_CALIBRATION);
    expect(fitTo(() => 0)).toEqual(NO_CALIBRATION);
    expect(calibrate(NO_CALIBRATION, 1.25)).toBe(1.25);
    const equal = fitCalibration(new Float64Array(5_000).fill(2), new Float64Array(5_000).fill(10));
    expect(Math.exp(calibrate(equal, 2))).toBeCloseTo(10, 6);
  });
});
