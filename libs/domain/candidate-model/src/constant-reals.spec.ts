import type { DenseStack } from '@watchnext/learning';
import { foldConstantReals } from './constant-reals';
import { COUNT_REALS, FIRST_KNOT } from './reals';

const GROUP = { from: 2, width: FIRST_KNOT + 2 };
const INPUTS = GROUP.from + GROUP.width;
const OUTPUTS = 3;
const TOWER: DenseStack = [
  {
    inputSize: INPUTS,
    outputSize: OUTPUTS,
    weights: Float32Array.from({ length: INPUTS * OUTPUTS }, (_, i) => ((i * 7) % 11) / 8 - 0.5),
    bias: Float32Array.from([0.5, -1, 2]),
    activation: 'relu',
  },
];
/** Before activation. */
const outputsOf = ([{ weights, bias }]: DenseStack, row: readonly number[]) =>
  Array.from(bias, (start, unit) => row.reduce((sum, value, i) => sum + value * weights[i * OUTPUTS + unit], start));

describe('inputs that never varied in training', () => {
  const knots = [1, 0];
  // Age told of nobody, two genders, nobody logged in, no counts; the knots do not vary either, and are not theirs.
  const rows = [0.5, 1].map((gender) => [0, 1, gender, 0, 0, ...COUNT_REALS.map(() => 0), ...knots]);
  const folded = foldConstantReals(TOWER, GROUP, Float32Array.from(rows.flat()));
  const input = (reals: readonly number[]) => [0.25, -0.5, ...reals];

  it('leave what the tower makes of the examples as it is', () => {
    for (const row of rows) expect(outputsOf(folded, input(row))).toEqual(outputsOf(TOWER, input(row)));
  });

  it('change nothing where somebody is asked for who is otherwise, unlike those that varied', () => {
    const [row] = rows;
    const other = (column: number) => outputsOf(folded, input(row.map((value, i) => (i === column ? 0.25 : value))));
    for (const constant of [0, 1, 3, 4]) expect(other(constant)).toEqual(outputsOf(TOWER, input(row)));
    for (const varied of [2, FIRST_KNOT]) expect(other(varied)).not.toEqual(outputsOf(TOWER, input(row)));
  });

  it('are left as they are in the tower that was trained, and of one without layers', () => {
    expect(TOWER[0].bias).toEqual(Float32Array.from([0.5, -1, 2]));
    expect(foldConstantReals([], GROUP, new Float32Array(GROUP.width))).toEqual([]);
  });
});
