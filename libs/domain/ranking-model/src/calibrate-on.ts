import type { RankingExample } from '@watchnext/features';
import type { TowerRunnerFactory } from '@watchnext/learning';
import { type Calibration, fitCalibration } from './calibration';
import type { StatisticsAt } from './example-numbers';
import { ExampleRows } from './example-rows';
import type { Preparation } from './preparation';
import type { RankingModel } from './ranking-model';

const ROWS_PER_RUN = 512;

/** By what a model says of examples that it was not trained on, each where it was shown. */
export async function calibrateOn(
  examples: readonly RankingExample[],
  model: RankingModel,
  statisticsAt: StatisticsAt,
  createRunner: TowerRunnerFactory,
  preparation: Preparation,
): Promise<Calibration> {
  const { inputSize, headCount, config } = model;
  const rows = new Float32Array(ROWS_PER_RUN * inputSize);
  const logits = new Float64Array(examples.length);
  const writer = new ExampleRows(model, statisticsAt);
  const runner = await createRunner(model.tower);
  try {
    const score = async (from: number, to: number) => {
      for (let n = from; n < to; n++) writer.write(examples[n], examples[n].position, rows, n - from);
      const outputs = await runner.run(rows, to - from);
      for (let n = from; n < to; n++) logits[n] = outputs[(n - from) * headCount];
    };
    await preparation.inParts(examples.length, ROWS_PER_RUN, score, 'calibrating');
  } finally {
    await runner.close();
  }
  const seconds = Float64Array.from(examples, ({ watchSeconds }) => Math.min(watchSeconds, config.watchCapSeconds));
  return fitCalibration(logits, seconds);
}
