import {
  chiSquareTail,
  logGamma,
  normalCdf,
  normalQuantile,
  studentQuantile,
  twoSidedNormalTail,
} from './distributions';

describe('distributions agree with published tables', () => {
  it.each([
    [0, 0.5],
    [1, 0.8413447460685429],
    [-1.959963984540054, 0.025],
    [-6, 9.865876450376946e-10],
  ])('Φ(%p) = %p', (z, p) => expect(normalCdf(z) / p).toBeCloseTo(1, 10));

  it.each([
    [0.5, 0],
    [0.975, 1.959963984540054],
    [0.8, 0.8416212335729143],
    [1e-10, -6.361340902404056],
  ])('Φ⁻¹(%p) = %p', (p, z) => expect(normalQuantile(p)).toBeCloseTo(z, 10));

  it.each([
    [3.841458820694124, 1, 0.05],
    [18.307038053275146, 10, 0.05],
    [0.0157907740934312, 1, 0.9],
    [40, 1, 2.539628589470901e-10],
  ])('P(χ² ≥ %p), %p degrees of freedom', (x, degrees, p) => expect(chiSquareTail(x, degrees) / p).toBeCloseTo(1, 8));

  it('ln Γ', () => {
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 12);
    expect(logGamma(171)).toBeCloseTo(706.5730622457874, 9);
    expect(logGamma(1e6 + 1) / 12815518.384658169).toBeCloseTo(1, 12);
  });

  it('both tails are twice the lower one', () => expect(twoSidedNormalTail(2)).toBeCloseTo(2 * normalCdf(-2), 14));

  it('a quantile wants a probability', () => expect(() => normalQuantile(1)).toThrow(RangeError));
});

describe("Student's t", () => {
  it.each([
    [0.975, 10, 2.22814],
    [0.975, 29, 2.04523],
    [0.995, 29, 2.75639],
    [0.975, 120, 1.97993],
  ])('has quantile %d with %d degrees of freedom', (p, degrees, expected) => {
    expect(Math.abs(studentQuantile(p, degrees) - expected)).toBeLessThan(degrees < 29 ? 1e-3 : 5e-5);
    expect(studentQuantile(1 - p, degrees)).toBeCloseTo(-studentQuantile(p, degrees), 10);
  });
});
