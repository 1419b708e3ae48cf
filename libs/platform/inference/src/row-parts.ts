/**
 * In which parts a request's rows go to the tower. It is at work on one while the next is written, so latency is that of the first
 * part and the tower. But each part is a message to another thread and one back, a wake-up of each, and the user's columns
 * multiplied anew: 0.1 to 0.3 ms of processors. What a small tower does faster than that is not worth a part.
 */
import type { DenseStack } from '@watchnext/learning';

/** Of the first part: what a tower multiplies in some 0.4 ms. */
const FIRST_PRODUCTS = 2.8e7;
/** Where a tower takes longer than that for them. */
const LEAST_FIRST_ROWS = 64;
/**
 * Each part is half as large again as the one before: writing the next takes less time than the tower is at work on one. Of 500 rows
 * of 220 columns through 1024→512→256, 64, 96, 144 and 196 were faster than twice as many each time, or equal parts.
 */
const GROWTH = 1.5;
/** Of a part, times the first. */
const MOST_GROWTH = 4;

/**
 * @param tower whose first layer takes the user's columns too
 * @param videoSize columns of a row
 * @returns where each part of so many rows ends
 */
export function rowPartsFor(tower: DenseStack, videoSize: number): (rowCount: number) => Generator<number> {
  const productsOf = ({ inputSize, outputSize }: DenseStack[number], depth: number) =>
    (depth === 0 ? videoSize : inputSize) * outputSize;
  const products = tower.reduce((sum, layer, depth) => sum + productsOf(layer, depth), 0);
  const first = Math.max(LEAST_FIRST_ROWS, Math.ceil(FIRST_PRODUCTS / Math.max(1, products)));
  return (rowCount) => endsOf(rowCount, first);
}

function* endsOf(rowCount: number, first: number): Generator<number> {
  let end = 0;
  for (let part = first; end < rowCount; part = Math.min(Math.ceil(GROWTH * part), MOST_GROWTH * first)) {
    // What would be left is not worth a part of its own.
    end = rowCount - end < GROWTH * part ? rowCount : end + part;
    yield end;
  }
}
