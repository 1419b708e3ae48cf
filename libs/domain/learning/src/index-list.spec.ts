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
});
