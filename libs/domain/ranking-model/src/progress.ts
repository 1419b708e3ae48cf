/** How far all the trainings of a model are, taken together. */
import type { RankingModelConfig } from './config';

export interface RankingProgress {
  /** From 0; of the training that is under way. */
  readonly epoch: number;
  /** Steps done so far, of all epochs of all trainings. */
  readonly step: number;
  readonly stepCount: number;
  /** Of `step`, those that an earlier run did and this one passed over: they say nothing of how fast it goes. */
  readonly passedOver: number;
  /** Mean over the steps since the last report, in units of the mean example weight. */
  readonly loss: number;
  readonly examplesPerSecond: number;
}

const STEPS_BETWEEN_REPORTS = 20;

export class ProgressOfAll {
  private readonly stepCount: number;
  private step = 0;
  private passedOver = 0;
  private lossSum = 0;
  private steps = 0;
  private exampleCount = 0;
  private startedAt = performance.now();

  /** @param exampleCounts of the sets that the members are trained on, one after the other */
  constructor(
    private readonly options: {
      readonly config: RankingModelConfig;
      readonly onProgress?: (progress: RankingProgress) => void;
    },
    exampleCounts: readonly number[],
  ) {
    const { members, epochs, batchSize } = options.config;
    const stepsOf = (exampleCount: number) => members * epochs * Math.ceil(exampleCount / batchSize);
    this.stepCount = exampleCounts.reduce((sum, exampleCount) => sum + stepsOf(exampleCount), 0);
  }

  /** Counts steps that an earlier run did. */
  passOver(stepCount: number): void {
    this.step += stepCount;
    this.passedOver += stepCount;
  }

  /** Counts a step. @returns whether it was time to report */
  add(epoch: number, loss: number, exampleCount: number): boolean {
    this.step++;
    this.steps++;
    this.lossSum += loss;
    this.exampleCount += exampleCount;
    if (this.steps < STEPS_BETWEEN_REPORTS && this.step < this.stepCount) return false;
    const seconds = (performance.now() - this.startedAt) / 1000;
    this.options.onProgress?.({
      epoch,
      step: this.step,
      stepCount: this.stepCount,
      passedOver: this.passedOver,
      loss: this.lossSum / this.steps,
      examplesPerSecond: this.exampleCount / seconds,
    });
    [this.lossSum, this.steps, this.exampleCount, this.startedAt] = [0, 0, 0, performance.now()];
    return true;
  }
}
