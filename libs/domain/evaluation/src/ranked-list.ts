/** Metrics of one ranked list against a set of relevant items. Lists hold each item at most once, best first. */

function hitCount<Item>(ranked: readonly Item[], relevant: ReadonlySet<Item>, k: number): number {
  if (!(Number.isInteger(k) && k > 0)) throw new RangeError(`k is ${k}, it must be a positive integer`);
  let hits = 0;
  for (const item of ranked.slice(0, k)) if (relevant.has(item)) hits += 1;
  return hits;
}

/** Share of the relevant items within the first k; NaN when nothing is relevant. @throws RangeError for k < 1 */
export function recallAtK<Item>(ranked: readonly Item[], relevant: ReadonlySet<Item>, k: number): number {
  return hitCount(ranked, relevant, k) / relevant.size;
}

/** Share of the first k places that hold a relevant item; a list shorter than k is not forgiven. @throws RangeError for k < 1 */
export function precisionAtK<Item>(ranked: readonly Item[], relevant: ReadonlySet<Item>, k: number): number {
  return hitCount(ranked, relevant, k) / k;
}

/** 1 if a relevant item is within the first k, else 0. @throws RangeError for k < 1 */
export function hitRateAtK<Item>(ranked: readonly Item[], relevant: ReadonlySet<Item>, k: number): number {
  return hitCount(ranked, relevant, k) > 0 ? 1 : 0;
}

/**
 * Mean of the precision at the place of each relevant item, over all relevant items (those not in the list count 0).
 * NaN when nothing is relevant. Its mean over queries is MAP.
 */
export function averagePrecision<Item>(ranked: readonly Item[], relevant: ReadonlySet<Item>): number {
  let hits = 0;
  let sum = 0;
  ranked.forEach((item, index) => {
    if (!relevant.has(item)) return;
    hits += 1;
    sum += hits / (index + 1);
  });
  return sum / relevant.size;
}

/** Binary gains, discount 1/log2(place + 1), over the best that k places allow; NaN when nothing is relevant. */
export function ndcgAtK<Item>(ranked: readonly Item[], relevant: ReadonlySet<Item>, k: number): number {
  let gain = 0;
  ranked.slice(0, k).forEach((item, index) => {
    if (relevant.has(item)) gain += 1 / Math.log2(index + 2);
  });
  let ideal = 0;
  for (let index = 0; index < Math.min(k, relevant.size); index += 1) ideal += 1 / Math.log2(index + 2);
  return gain / ideal;
}
