/** Numbers of ranking examples: the quantiles of each, and where among them every example is. */
import { statisticsNumbers, type RankingExample, type Statistics } from '@watchnext/features';
import type { Random } from '@watchnext/learning';
import { ALL_NUMBERS } from './input-layout';
import type { Preparation } from './preparation';
import { type QuantileMap, quantileMapOf, sampleOf } from './quantiles';

// As in `quantiles.ts`.
const { isFinite, isNaN } = Number;

/** Statistics as they were known at a moment. */
export type StatisticsAt = (atMs: number) => Statistics;

export interface NumberColumns {
  /** As `ALL_NUMBERS`. */
  readonly quantiles: readonly QuantileMap[];
  /** [exampleCount, numbers]: float32 positions, NaN where missing. */
  readonly positions: Float32Array;
}

/**
 * Quantiles of a sample, then the positions of all: what is known of a video at a moment is looked up in many places, so once
 * for each example.
 * @throws RangeError naming the number that is infinite
 */
export async function numberColumnsOf(
  examples: readonly RankingExample[],
  statisticsAt: StatisticsAt,
  quantileCount: number,
  random: Random,
  preparation: Preparation,
): Promise<NumberColumns> {
  const width = ALL_NUMBERS.length;
  const row = new Float64Array(width);
  const members = sampleOf(examples.length, random);
  const sampled = ALL_NUMBERS.map(() => new Float64Array(members.length));
  await preparation.each(members, (member, place) => {
    writeNumbers(examples[member], statisticsAt, row);
    for (let i = 0; i < width; i++) sampled[i][place] = row[i];
  });
  const maps = sampled.map((values) => quantileMapOf(values, quantileCount));

  const positions = new Float32Array(examples.length * width);
  const areMissing = ALL_NUMBERS.map(() => false);
  const place = (example: RankingExample, n: number) => {
    writeNumbers(example, statisticsAt, row);
    for (let i = 0; i < width; i++) {
      const value = row[i];
      if (isNaN(value)) areMissing[i] = true;
      else if (!isFinite(value)) throw new RangeError(`feature ${ALL_NUMBERS[i]} is ${value}`);
      positions[n * width + i] = maps[i].positionOf(value);
    }
  };
  await preparation.each(examples, place, 'preparing examples');
  // What is missing once in a million is in no sample.
  return { quantiles: maps.map((map, i) => map.withMissing(areMissing[i])), positions };
}

/** All numbers of an example, as `ALL_NUMBERS`. */
function writeNumbers(example: RankingExample, statisticsAt: StatisticsAt, out: Float64Array): void {
  const { user, video, servedAtMs, position } = example;
  out.set(user.numbers, 0);
  out.set(video.numbers, user.numbers.length);
  const shared = statisticsNumbers(statisticsAt(servedAtMs), user, video);
  out.set(shared, user.numbers.length + video.numbers.length);
  out[out.length - 1] = position;
}
