import type { RankingExample, Statistics } from '@watchnext/features';
import { encodeRankerOf, RankerStack } from '@watchnext/inference';
import { ExampleRows, type RankingModel, SERVED_POSITION } from '@watchnext/ranking-model';
import { breathe } from '@watchnext/waiting';

const ROWS_PER_RUN = 512;

/** [examples] each. */
export interface ImpressionScores {
  readonly expectedWatchSeconds: Float64Array;
  /** NaN of a model without a click head. */
  readonly clickProbability: Float64Array;
}

export interface ScoringOptions {
  /** What was known of everybody's impressions when one was served. */
  readonly statisticsAt: (atMs: number) => Statistics;
  /**
   * Where an impression is taken to stand: `served`, which is the first place, is what a list is ordered by; `logged` is
   * where it was shown, so what the model expected of it there.
   */
  readonly position?: 'served' | 'logged';
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number) => void;
}

/** What ranking says of impressions: the same input rows and the same runtime as when it serves. */
export async function predictImpressions(
  model: RankingModel,
  examples: readonly RankingExample[],
  { statisticsAt, position = 'served', signal, onProgress = () => undefined }: ScoringOptions,
): Promise<ImpressionScores> {
  const scores = {
    expectedWatchSeconds: new Float64Array(examples.length),
    clickProbability: new Float64Array(examples.length),
  };
  const ranker = await RankerStack.load(encodeRankerOf(model));
  try {
    const rows = new Float32Array(ROWS_PER_RUN * model.inputSize);
    const writer = new ExampleRows(model, statisticsAt);
    for (let from = 0; from < examples.length; from += ROWS_PER_RUN) {
      onProgress(from);
      await breathe(signal);
      const rowCount = Math.min(ROWS_PER_RUN, examples.length - from);
      for (let row = 0; row < rowCount; row += 1) {
        const example = examples[from + row];
        writer.write(example, position === 'logged' ? example.position : SERVED_POSITION, rows, row);
      }
      const logits = await ranker.runRows(rows, rowCount);
      for (let row = 0; row < rowCount; row += 1) {
        const { expectedWatchSeconds, clickProbability } = model.scoreOf(logits, row);
        scores.expectedWatchSeconds[from + row] = expectedWatchSeconds;
        scores.clickProbability[from + row] = clickProbability;
      }
    }
  } finally {
    await ranker.close();
  }
  return scores;
}

/** Expected watch seconds of impressions, as ranking would have served them with these statistics. */
export async function scoreImpressions(
  model: RankingModel,
  examples: readonly RankingExample[],
  statistics: Statistics,
  signal: AbortSignal,
  onProgress?: (done: number) => void,
): Promise<Float64Array> {
  const options = { statisticsAt: () => statistics, signal, ...(onProgress ? { onProgress } : {}) };
  return (await predictImpressions(model, examples, options)).expectedWatchSeconds;
}
