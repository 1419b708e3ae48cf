import fc from 'fast-check';
import { addRow, emptyRows, rowOf } from './packed-rows';

describe('packed rows', () => {
  it('lead from each row that was added to its own, and from no other', () => {
    const rows = fc.uniqueArray(fc.oneof(fc.nat(100), fc.nat(2 ** 31 - 2)), { maxLength: 80 });
    fc.assert(
      fc.property(rows, fc.array(fc.nat(100)), (added, others) => {
        const packed = emptyRows(added.length);
        expect(added.map((from, to) => addRow(packed, from, to))).toEqual(added.map(() => true));
        expect(added.map((from) => rowOf(packed, from))).toEqual(added.map((_, to) => to));
        for (const other of others) expect(rowOf(packed, other)).toBe(added.indexOf(other));
      }),
    );
  });

  it('keep what a row led to first', () => {
    const packed = emptyRows(2);
    expect([addRow(packed, 7, 1), addRow(packed, 7, 2), rowOf(packed, 7)]).toEqual([true, false, 1]);
  });

  it('are on shared memory, and no larger than what they hold', () => {
    const { slots } = emptyRows(1_000);
    expect(slots.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(slots).toHaveLength(4_096);
  });
});
