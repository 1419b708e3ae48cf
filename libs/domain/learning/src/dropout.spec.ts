import { applyDropout } from './dropout';

const ones = (count: number) => new Float32Array(count).fill(1);

function masked(count: number, seed: number, layer = 0, rate = 0.25): Float32Array {
  const values = ones(count);
  applyDropout(values, count, count, { seed, layer, rate });
  return values;
}

describe('applyDropout', () => {
  it('drops the share asked for and scales up the rest, so that the mean stays', () => {
    const values = masked(100_000, 7);
    const kept = values.filter((value) => value !== 0);
    expect(Math.abs(kept.length / values.length - 0.75)).toBeLessThan(0.01);
    expect(new Set(kept)).toEqual(new Set([Math.fround(1 / 0.75)]));
  });

  it('gives the same mask for the same seed and layer, and unrelated ones for others', () => {
    const both = (a: Float32Array, b: Float32Array) => a.filter((value, i) => value !== 0 && b[i] !== 0).length;
    const mask = masked(100_000, 7);
    expect(masked(100_000, 7)).toEqual(mask);
    for (const other of [masked(100_000, 8), masked(100_000, 7, 1)]) {
      expect(Math.abs(both(mask, other) / 100_000 - 0.75 ** 2)).toBeLessThan(0.01);
    }
  });

  it('is unrelated from row to row and from column to column', () => {
    const mask = masked(100_000, 3);
    for (const lag of [1, 64, 256]) {
      const pairs = mask.subarray(lag).filter((value, i) => value !== 0 && mask[i] !== 0).length;
      expect(Math.abs(pairs / (100_000 - lag) - 0.75 ** 2)).toBeLessThan(0.01);
    }
  });

  it('leaves the columns after the first ones, and everything at rate 0, as they were', () => {
    const values = ones(40);
    applyDropout(values, 10, 8, { seed: 1, layer: 0, rate: 0.9 });
    for (let row = 0; row < 4; row++) expect([...values.subarray(row * 10 + 8, row * 10 + 10)]).toEqual([1, 1]);
    const untouched = ones(40);
    applyDropout(untouched, 10, 10, { seed: 1, layer: 0, rate: 0 });
    expect(untouched).toEqual(ones(40));
  });

  it('is the mask that the formula defines, which every engine has to draw', () => {
    const values = ones(12);
    applyDropout(values, 6, 6, { seed: 123_456_789, layer: 1, rate: 0.5 });
    expect([...values]).toEqual(FORMULA_MASK);
  });
});

/** By the formula, in BigInt. */
const FORMULA_MASK = Array.from({ length: 12 }, (_, place) => {
  const wrap = (x: bigint) => BigInt.asUintN(32, x);
  const mix = (x: bigint) => {
    let bits = wrap((x ^ (x >> 16n)) * 0x7feb352dn);
    bits = wrap((bits ^ (bits >> 15n)) * 0x846ca68bn);
    return bits ^ (bits >> 16n);
  };
  const key = mix(123_456_789n ^ wrap(2n * 0x9e3779b9n));
  return mix(wrap(BigInt(place) * 0x9e3779b1n) ^ key) < 2n ** 31n ? 0 : 2;
});
