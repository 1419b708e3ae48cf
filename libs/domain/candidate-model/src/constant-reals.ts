import type { DenseStack } from '@watchnext/learning';
import type { InputGroup } from './input';
import { FIRST_KNOT } from './reals';

/**
 * Takes the inputs that say who asks (`reals.ts`) and never varied in training into the bias. Their weights were never told from it and
 * stay near what they were drawn as: the first viewer with a profile, say, would get another list for nothing that was learned.
 * What the tower makes of the examples stays the same, but for rounding.
 *
 * @param reals [exampleCount, group.width], of all examples
 */
export function foldConstantReals(tower: DenseStack, group: InputGroup, reals: Float32Array): DenseStack {
  const [first, ...rest] = tower;
  if (!first) return tower;
  const weights = first.weights.slice();
  const bias = first.bias.slice();
  for (let column = 0; column < FIRST_KNOT; column++) {
    if (varies(reals, column, group.width)) continue;
    const from = (group.from + column) * first.outputSize;
    for (let unit = 0; unit < first.outputSize; unit++) bias[unit] += weights[from + unit] * reals[column];
    weights.fill(0, from, from + first.outputSize);
  }
  return [{ ...first, weights, bias }, ...rest];
}

function varies(values: Float32Array, column: number, width: number): boolean {
  for (let at = column; at < values.length; at += width) if (values[at] !== values[column]) return true;
  return false;
}
