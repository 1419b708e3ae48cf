import type { RankingExample, Statistics } from '@watchnext/features';
import { encodeOnnx, OnnxStack } from '@watchnext/inference';
import type { RankingModel } from '@watchnext/ranking-model';
import { breathe } from './breathe';

const ROWS_PER_RUN = 512;

/**
 * Expected watch seconds of impressions, as ranking would have served them with these statistics: the same input rows,
 * the same runtime.
 *
 * @returns [examples.length]
 */
export async function scoreImpressions(
  model: RankingModel,
  examples: readonly RankingExample[],
  statistics: Statistics,
  signal: AbortSignal,
  onProgress: (done: number) => void = () => undefined,
): Promise<Float64Array> {
  const scores = new Float64Array(examples.length);
  const ranker = await OnnxStack.load(encodeOnnx(model.tower), { threads: 1 });
  try {
    const rows = new Float32Array(ROWS_PER_RUN * model.inputSize);
    // All impressions of a request share one user object, and stand side by side.
    let lastUser: RankingExample['user'] | undefined;
    let encodedUser: ReturnType<RankingModel['encodeUser']> | undefined;
    for (let from = 0; from < examples.length; from += ROWS_PER_RUN) {
      onProgress(from);
      await breathe(signal);
      const rowCount = Math.min(ROWS_PER_RUN, examples.length - from);
      for (let row = 0; row < rowCount; row += 1) {
        const { user, video } = examples[from + row];
        if (!encodedUser || user !== lastUser) encodedUser = model.encodeUser(user);
        lastUser = user;
        model.writeInput(encodedUser, video, statistics, rows, row * model.inputSize);
      }
      const logits = await ranker.run(rows.subarray(0, rowCount * model.inputSize), rowCount);
      for (let row = 0; row < rowCount; row += 1) scores[from + row] = model.expectedWatchSeconds(logits[row]);
    }
  } finally {
    await ranker.close();
  }
  return scores;
}
