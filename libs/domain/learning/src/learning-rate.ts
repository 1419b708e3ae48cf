import { shownSetting } from './shown-setting';

/** How the learning rates of a training change: up from zero in a straight line, then down to zero, or not at all. */
export interface LearningRateSchedule {
  /** Share of the steps that the rates rise over, in [0, 1). */
  readonly learningRateWarmUp: number;
  readonly learningRateDecay: LearningRateDecay;
}

export type LearningRateDecay = (typeof LEARNING_RATE_DECAYS)[number];
export const LEARNING_RATE_DECAYS = ['constant', 'linear', 'cosine'] as const;

/** Factor on the learning rates. @param step from 0 */
export function learningRateScale(
  { learningRateWarmUp, learningRateDecay }: LearningRateSchedule,
  step: number,
  stepCount: number,
): number {
  const warmUpSteps = Math.floor(learningRateWarmUp * stepCount);
  if (step < warmUpSteps) return (step + 1) / warmUpSteps;
  const done = (step - warmUpSteps) / (stepCount - warmUpSteps);
  if (learningRateDecay === 'constant') return 1;
  return learningRateDecay === 'linear' ? 1 - done : (1 + Math.cos(Math.PI * done)) / 2;
}

/** @throws RangeError naming the setting that makes no sense. @param where to name it by, as "ranking config" */
export function checkSchedule({ learningRateWarmUp, learningRateDecay }: LearningRateSchedule, where: string): void {
  if (!(Number.isFinite(learningRateWarmUp) && learningRateWarmUp >= 0 && learningRateWarmUp < 1)) {
    throw new RangeError(
      `${where}: learningRateWarmUp must be a number from 0 to below 1, not ${shownSetting(learningRateWarmUp)}`,
    );
  }
  if (!LEARNING_RATE_DECAYS.includes(learningRateDecay)) {
    throw new RangeError(
      `${where}: learningRateDecay must be one of ${LEARNING_RATE_DECAYS.join(', ')}, not ${String(learningRateDecay)}`,
    );
  }
}
