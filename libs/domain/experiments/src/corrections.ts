/** Corrections for many looks at once. */

/** Holm's step-down: p-values that may be held against α each, with the family-wise error kept. In the order given. */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, index) => index).sort((a, b) => pValues[a] - pValues[b]);
  const adjusted = new Array<number>(pValues.length);
  let least = 0;
  order.forEach((index, rank) => {
    least = Math.max(least, Math.min(1, (pValues.length - rank) * pValues[index]));
    adjusted[index] = least;
  });
  return adjusted;
}
