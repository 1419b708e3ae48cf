/**
 * What a score is made of: for each group of input columns, how the logit changes when the candidate's values are
 * replaced by the request's average row. Groups that all candidates share (the user's) change nothing and are left out.
 * The parts need not add up to the logit's distance from the average: the tower is not linear.
 */
import type { ScorePart } from '@watchnext/contract';
import type { InputGroup } from '@watchnext/ranking-model';

interface Tower {
  run(input: Float32Array, rowCount: number): Promise<Float32Array>;
}

/**
 * @param rows [rowCount, inputSize], as scored
 * @param outputs [rowCount, heads], what the tower gave for them; the first head is the watch time's
 * @returns for each row one part for each group that differs between the rows
 */
export async function scoreParts(
  tower: Tower,
  groups: readonly InputGroup[],
  rows: Float32Array,
  outputs: Float32Array,
  rowCount = outputs.length,
): Promise<ScorePart[][]> {
  const headCount = outputs.length / rowCount;
  const inputSize = rows.length / rowCount;
  const average = averageRow(rows, rowCount);
  const parts = Array.from({ length: rowCount }, (): ScorePart[] => []);
  const replaced = new Float32Array(rows.length);
  for (const { name, from, to } of groups) {
    if (isShared(rows, inputSize, from, to)) continue;
    replaced.set(rows);
    for (let row = 0; row < rowCount; row++) replaced.set(average.subarray(from, to), row * inputSize + from);
    const changed = await tower.run(replaced, rowCount);
    for (let row = 0; row < rowCount; row++)
      parts[row]!.push({ group: name, logitChange: changed[row * headCount]! - outputs[row * headCount]! });
  }
  return parts;
}

function averageRow(rows: Float32Array, rowCount: number): Float32Array {
  const inputSize = rows.length / rowCount;
  const sums = new Float64Array(inputSize);
  for (let index = 0; index < rows.length; index++) sums[index % inputSize]! += rows[index]!;
  return Float32Array.from(sums, (sum) => sum / rowCount);
}

function isShared(rows: Float32Array, inputSize: number, from: number, to: number): boolean {
  for (let offset = inputSize; offset < rows.length; offset += inputSize) {
    for (let column = from; column < to; column++) if (rows[offset + column] !== rows[column]) return false;
  }
  return true;
}
