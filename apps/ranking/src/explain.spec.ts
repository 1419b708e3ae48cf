import { scoreParts } from './explain';

/** logit = 2·a + 3·b·c over rows [a, b, c]. */
const tower = {
  run: async (input: Float32Array, rowCount: number) =>
    Float32Array.from(
      { length: rowCount },
      (_, row) => 2 * input[row * 3]! + 3 * input[row * 3 + 1]! * input[row * 3 + 2]!,
    ),
};
const groups = [
  { name: 'a', from: 0, to: 1 },
  { name: 'b', from: 1, to: 2 },
  { name: 'c', from: 2, to: 3 },
];

describe('scoreParts', () => {
  it('gives the change of the logit when a group is replaced by the average', async () => {
    const rows = Float32Array.of(1, 1, 5, 3, 2, 5);
    const parts = await scoreParts(tower, groups, rows, await tower.run(rows, 2));
    // Average row: a 2, b 1.5, c 5.
    expect(parts[0]).toEqual([
      { group: 'a', logitChange: 2 },
      { group: 'b', logitChange: 7.5 },
    ]);
    expect(parts[1]).toEqual([
      { group: 'a', logitChange: -2 },
      { group: 'b', logitChange: -7.5 },
    ]);
  });

  it('says nothing of a single candidate, which is the average itself', async () => {
    const rows = Float32Array.of(1, 2, 3);
    expect(await scoreParts(tower, groups, rows, await tower.run(rows, 1))).toEqual([[]]);
  });

  it('leaves the rows as they are', async () => {
    const rows = Float32Array.of(1, 1, 5, 3, 2, 5);
    const before = rows.slice();
    await scoreParts(tower, groups, rows, await tower.run(rows, 2));
    expect(rows).toEqual(before);
  });
});
