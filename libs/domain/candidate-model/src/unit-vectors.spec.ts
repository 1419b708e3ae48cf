import fc from 'fast-check';
import { scaleToLength, throughScaling } from './unit-vectors';

const DIMENSIONS = 3;
const coordinate = fc.float({ min: -8, max: 8, noNaN: true }).filter((x) => x === 0 || Math.abs(x) > 1e-3);
const vector = fc.array(coordinate, { minLength: DIMENSIONS, maxLength: DIMENSIONS });
const lengthOf = (row: Float32Array) => Math.hypot(...row);

describe('scaling to a length', () => {
  it('keeps directions, and zero vectors', () => {
    fc.assert(
      fc.property(fc.array(vector, { minLength: 1 }), fc.integer({ min: 1, max: 20 }), (vectors, scale) => {
        const before = Float32Array.from(vectors.flat());
        const rows = before.slice();
        const factors = scaleToLength(rows, DIMENSIONS, scale);
        expect(factors).toHaveLength(vectors.length);
        vectors.forEach((_, i) => {
          const at = [i * DIMENSIONS, (i + 1) * DIMENSIONS] as const;
          const isZero = lengthOf(before.subarray(...at)) === 0;
          expect(lengthOf(rows.subarray(...at))).toBeCloseTo(isZero ? 0 : scale, 4);
          rows.subarray(...at).forEach((x, d) => expect(x).toBeCloseTo(factors[i] * before[at[0] + d], 4));
        });
      }),
    );
  });

  it('shows a broken number', () => {
    const rows = Float32Array.of(1, NaN, 2);
    scaleToLength(rows, DIMENSIONS, 1);
    expect(rows[1]).toBeNaN();
  });

  it('has the gradient that finite differences give', () => {
    const before = Float32Array.of(0.3, -1.2, 0.8, 2, 1, -0.5);
    const weights = [0.7, -0.2, 1.1, 0.4, 0.9, -1.3];
    const scale = 4;
    const loss = (values: Float32Array) => {
      const rows = values.slice();
      scaleToLength(rows, DIMENSIONS, scale);
      return rows.reduce((sum, x, i) => sum + weights[i] * x, 0);
    };
    const scaled = before.slice();
    const factors = scaleToLength(scaled, DIMENSIONS, scale);
    const gradients = Float32Array.from(weights);
    throughScaling(gradients, scaled, DIMENSIONS, factors, scale);
    before.forEach((x, i) => {
      const [above, below] = [1e-2, -1e-2].map((by) => loss(before.map((y, j) => (j === i ? x + by : y))));
      expect(gradients[i]).toBeCloseTo((above - below) / 2e-2, 2);
    });
  });

  it('gives a zero vector no gradient', () => {
    const gradients = Float32Array.of(1, 2, 3);
    throughScaling(gradients, new Float32Array(3), DIMENSIONS, new Float32Array(1), 1);
    expect([...gradients]).toEqual([0, 0, 0]);
  });
});
