import type { DenseLayer, DenseStack } from '@watchnext/learning';
import type { InputLayout } from './input';

/**
 * Lets a tower begin as the mean of what its input says of the history, so that with tied tables a video's score is, before the
 * first step, how well its vector goes with those of the history:
 *
 *   u = 1/G · Σ_g x_g, over the groups g of the history: its mean, each head, the last watch
 *
 * A ReLU passes a number as two of which one is zero: x = max(x, 0) − max(−x, 0). So the first 2 · dimensions units of each
 * hidden layer are the passage, one half for x and the other for −x. They begin with nothing of the other inputs, and the
 * last layer with nothing of the other units; both learn of them what they have to, for these are weights as others are.
 *
 * @param tower from an input row to one user vector
 * @returns false, with nothing changed, where a hidden layer has fewer than 2 · dimensions units
 */
export function openPassage(tower: DenseStack, layout: InputLayout, dimensions: number): boolean {
  if (tower.slice(0, -1).some(({ outputSize }) => outputSize < 2 * dimensions)) return false;
  const groups = historyGroups(layout, dimensions);
  let inputs = (of: number): WeightedInput[] => groups.map((from) => [from + of, 1 / groups.length]);
  for (const layer of tower) {
    const isLast = layer === tower.at(-1);
    for (let of = 0; of < dimensions; of++) {
      setUnit(layer, of, inputs(of), 1);
      if (!isLast) setUnit(layer, dimensions + of, inputs(of), -1);
    }
    inputs = (of) => [
      [of, 1],
      [dimensions + of, -1],
    ];
  }
  return true;
}

type WeightedInput = readonly [input: number, weight: number];

/** Makes a unit the weighted sum of these inputs alone. */
function setUnit({ inputSize, outputSize, weights }: DenseLayer, unit: number, sum: WeightedInput[], sign: number) {
  for (let input = 0; input < inputSize; input++) weights[input * outputSize + unit] = 0;
  for (const [input, weight] of sum) weights[input * outputSize + unit] = sign * weight;
}

/** Where each begins in an input row. */
function historyGroups({ historyMean, historyHeads, historyLast }: InputLayout, dimensions: number): number[] {
  return [historyMean, historyHeads, historyLast].flatMap(({ from, width }) =>
    Array.from({ length: width / dimensions }, (_, i) => from + i * dimensions),
  );
}
