/** What is told of a training while it runs. */
export interface TrainingNews {
  /** Absent where no step was taken since the last report. */
  readonly loss?: number;
  readonly examplesPerSecond: number;
}

/** "loss 4.210, epoch 2, 8,200 examples/s", of what is known. @param more - between the loss and the speed */
export function trainingDetail({ loss, examplesPerSecond }: TrainingNews, more: readonly string[] = []): string {
  return [
    ...(loss !== undefined ? [`loss ${loss.toFixed(3)}`] : []),
    ...more,
    ...(examplesPerSecond > 0 ? [`${Math.round(examplesPerSecond).toLocaleString('en')} examples/s`] : []),
  ].join(', ');
}

/**
 * Steps of trainings one after the other, each of which may end before its last: how many of all of them were not worked on.
 */
export class StepsWorkedOn {
  private before = 0;
  private current = { number: 0, steps: 0 };

  /** @param number - of the training, from 0. @returns of `number * stepCount + step`, those passed over so far */
  passedOver(number: number, { step, stepCount, passedOver }: { step: number; stepCount: number; passedOver: number }) {
    if (number !== this.current.number) this.before += this.current.steps;
    this.current = { number, steps: step - passedOver };
    return number * stepCount + step - this.before - this.current.steps;
  }
}
