import { createRandom, createTable, initialiseStack, runStack } from '@watchnext/learning';
import { foldMembers, type Member, unfoldMembers } from './ensemble';
import { ALL_NUMBERS, type InputForm, layOut, tableNames } from './input-layout';
import { QuantileMap } from './quantiles';

/** Every third number varies, every sixth may be missing. */
const QUANTILES = ALL_NUMBERS.map((_, i) =>
  i % 3 === 0
    ? new QuantileMap(Float64Array.of(0, 1), Float64Array.of(0, 1), i % 6 === 0)
    : new QuantileMap(Float64Array.of(1), Float64Array.of(0.5), false),
);
const FORM: InputForm = { powers: true };
const DIMENSIONS = tableNames(FORM).map((_, i) => 2 + (i % 3));
const LAYOUT = layOut(DIMENSIONS, QUANTILES, FORM);
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
    FORM,
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

describe('unfoldMembers', () => {
  it.each([[[]], [[5]], [[6, 3]]])(
    'gives members whose logits have the same mean, with hidden layers %p',
    (hiddenSizes) => {
      const members = [1, 2, 3].map((seed) => memberOf(seed, hiddenSizes));
      const folded = foldMembers(members, LAYOUT, QUANTILES);
      const parts = unfoldMembers(folded, 3, LAYOUT, QUANTILES);
      parts.forEach(({ tables }, m) => expect(tables).toEqual(members[m].tables));
      for (let row = 0; row < ROWS; row++) {
        const whole = runStack(folded.tower, inputOf(folded.tables, row, 9 + row), 1);
        const each = parts.map(({ tables, tower }) => runStack(tower, inputOf(tables, row, 9 + row), 1));
        whole.forEach((logit, head) =>
          expect((each[0][head] + each[1][head] + each[2][head]) / 3).toBeCloseTo(logit, 4),
        );
      }
    },
  );

  it('gives back hidden layers as they were, so that members stay apart', () => {
    const members = [1, 2].map((seed) => memberOf(seed, [6, 3]));
    const parts = unfoldMembers(foldMembers(members, LAYOUT, QUANTILES), 2, LAYOUT, QUANTILES);
    parts.forEach(({ tower }, m) => expect(tower.slice(0, 2)).toEqual(members[m].tower.slice(0, 2)));
  });
});
