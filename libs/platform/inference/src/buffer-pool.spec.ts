import { BufferPool } from './buffer-pool';

describe('a pool of buffers', () => {
  it('keeps the large ones, whatever came back first', () => {
    const pool = new BufferPool();
    for (let i = 0; i < 4; i++) pool.give(new Float32Array(10));
    const large = new Float32Array(100);
    pool.give(large);
    pool.give(new Float32Array(5));
    expect(pool.take(100)).toBe(large);
    expect(pool.take(8)).toHaveLength(10);
  });

  it('lends a buffer to one request at a time', () => {
    const pool = new BufferPool();
    pool.give(new Float32Array(10));
    expect(pool.take(10)).not.toBe(pool.take(10));
  });
});
