import fc from 'fast-check';
import { checkSchedule, LEARNING_RATE_DECAYS, type LearningRateDecay, learningRateScale } from './learning-rate';

const curve = (learningRateWarmUp: number, learningRateDecay: LearningRateDecay, stepCount: number) =>
  Array.from({ length: stepCount }, (_, step) =>
    learningRateScale({ learningRateWarmUp, learningRateDecay }, step, stepCount),
  );

describe('the learning rate schedule', () => {
  it('rises in equal steps to the whole rate, then falls in a straight line or along half a cosine', () => {
    expect(curve(0.4, 'constant', 5)).toEqual([0.5, 1, 1, 1, 1]);
    expect(curve(0, 'linear', 4)).toEqual([1, 0.75, 0.5, 0.25]);
    const cosine = curve(0.5, 'cosine', 8);
    expect(cosine.slice(0, 4)).toEqual([0.25, 0.5, 0.75, 1]);
    [1, (1 + Math.SQRT1_2) / 2, 0.5, (1 - Math.SQRT1_2) / 2].forEach((scale, i) =>
      expect(cosine[4 + i]).toBeCloseTo(scale, 12),
    );
  });

  it('stays above zero and at most one, and never rises after the warm-up', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.constantFrom(...LEARNING_RATE_DECAYS),
        fc.integer({ min: 1, max: 300 }),
        (warmUpShare, decay, stepCount) => {
          const scales = curve(warmUpShare, decay, stepCount);
          expect(scales.every((scale) => scale > 0 && scale <= 1)).toBe(true);
          const after = scales.slice(Math.floor(warmUpShare * stepCount));
          expect(after.every((scale, i) => i === 0 || scale <= after[i - 1])).toBe(true);
        },
      ),
    );
  });

  it('refuses settings that make no sense', () => {
    expect(() => checkSchedule({ learningRateWarmUp: 1, learningRateDecay: 'linear' }, 'config')).toThrow(
      'config: learningRateWarmUp',
    );
    expect(() => checkSchedule({ learningRateWarmUp: 0, learningRateDecay: 'steep' as never }, 'config')).toThrow(
      'one of constant',
    );
  });
});
