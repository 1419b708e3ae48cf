import { IndexList } from './index-list';

describe('IndexList', () => {
  it.each([0, 1, 262_144, 600_000])('gives back %p numbers in their order, and is empty then', (count) => {
    const list = new IndexList();
    for (let i = 0; i < count; i++) list.push(i - 3);
    expect(list.length).toBe(count);
    const taken = list.take();
    expect(taken.length).toBe(count);
    expect(taken.every((index, i) => index === i - 3)).toBe(true);
    list.push(7);
    expect(list.take()).toEqual(Int32Array.of(7));
  });

  it('refuses what offsets of 32 bits could not point at, and keeps what it has', () => {
    const list = new IndexList(3);
    for (const index of [5, 6, 7]) list.push(index);
    expect(() => list.push(8)).toThrow(
      new RangeError(
        'the examples hold more than 3 indices in one list, the most that it can take: train on fewer of them',
      ),
    );
    expect(list.take()).toEqual(Int32Array.of(5, 6, 7));
  });

  it('takes as many as a signed 32-bit offset can say', () => {
    const last = new IndexList();
    // As if it were full but for one: to fill it would take eight gigabytes.
    Object.assign(last, { count: 2 ** 31 - 2, pages: [new Int32Array(1)] });
    last.push(1);
    expect(Int32Array.of(last.length)[0]).toBe(2 ** 31 - 1);
    expect(() => last.push(1)).toThrow(RangeError);
  });
});
