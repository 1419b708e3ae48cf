import { createRandom, createTable, initialiseStack, runStack } from '@watchnext/learning';
import { foldMembers, type Member } from './ensemble';
import { ALL_NUMBERS, layOut, TABLE_NAMES } from './input-layout';
import { QuantileMap } from './quantiles';

/** Every third number varies, every sixth may be missing. */
const QUANTILES = ALL_NUMBERS.map((_, i) =>
  i % 3 === 0
    ? new QuantileMap(Float64Array.of(0, 1), Float64Array.of(0, 1), i % 6 === 0)
    : new QuantileMap(Float64Array.of(1), Float64Array.of(0.5), false),
);
const DIMENSIONS = TABLE_NAMES.map((_, i) => 2 + (i % 3));
const LAYOUT = layOut(DIMENSIONS, QUANTILES, true);
const ROWS = 4;

function memberOf(seed: number, hiddenSizes: readonly number[]): Member {
  const random = createRandom(seed);
  const tower = initialiseStack([LAYOUT.inputSize, ...hiddenSizes, 2], random);
  for (const { bias } of tower) bias.forEach((_, i) => (bias[i] = random.gaussian()));
  return { tables: DIMENSIONS.map((dimensions) => createTable(ROWS, dimensions, random, 1)), tower };
}

/** The row of a model with these tables: table row `row` in every embedding, the same numbers in the rest. */
function inputOf(tables: Member['tables'], row: number, numbers: number): Float32Array {
  const layout = layOut(
    tables.map((table) => table.dimensions),
    QUANTILES,
    true,
  );
  const random = createRandom(numbers);
  const input = new Float32Array(layout.inputSize);
  for (const { from, to, name } of layout.groups) {
    const isNumber = ALL_NUMBERS.includes(name);
    if (isNumber) for (let column = from; column < to; column++) input[column] = random.next();
  }
  for (const { table, from } of layout.embeddings) {
    const { dimensions, values } = tables[table];
    input.set(values.subarray(row * dimensions, (row + 1) * dimensions), from);
  }
  return input;
}

describe('foldMembers', () => {
  it.each([[[]], [[5]], [[6, 3]]])('gives the mean of the logits, with hidden layers %p', (hiddenSizes) => {
    const members = [1, 2, 3].map((seed) => memberOf(seed, hiddenSizes));
    const folded = foldMembers(members, LAYOUT, QUANTILES);
    for (let row = 0; row < ROWS; row++) {
      const each = members.map(({ tables, tower }) => runStack(tower, inputOf(tables, row, 9 + row), 1));
      const [first, second] = runStack(folded.tower, inputOf(folded.tables, row, 9 + row), 1);
      expect(first).toBeCloseTo((each[0][0] + each[1][0] + each[2][0]) / 3, 4);
      expect(second).toBeCloseTo((each[0][1] + each[1][1] + each[2][1]) / 3, 4);
    }
  });

  it('leaves a single member as it is', () => {
    const member = memberOf(1, [4]);
    expect(foldMembers([member], LAYOUT, QUANTILES)).toBe(member);
  });
});
