import { createRandom, type DenseLayer } from '@watchnext/learning';
import { columnsOfNumber, writeNumberAt } from './input-layout';
import { bridgeQuantiles } from './quantile-bridge';
import { type QuantileMap, quantileMapOf } from './quantiles';

const mapOf = (values: readonly number[]): QuantileMap => quantileMapOf(Float64Array.from(values), 100);

const OUTPUTS = 2;

function layerOf(inputSize: number, draw?: ReturnType<typeof createRandom>): DenseLayer {
  const weights = Float32Array.from({ length: inputSize * OUTPUTS }, () => draw?.gaussian() ?? 0);
  return { inputSize, outputSize: OUTPUTS, weights, bias: new Float32Array(OUTPUTS), activation: 'linear' };
}

function outputsOf({ weights, bias }: DenseLayer, map: QuantileMap, value: number): number[] {
  const row = new Float32Array(columnsOfNumber(map, true).length);
  if (row.length > 0) writeNumberAt(0, map.positionOf(value), map, true, row);
  return [...bias].map((sum, j) => row.reduce((all, x, i) => all + x * weights[i * OUTPUTS + j], sum));
}

/** How far the layer carried over is from the earlier one on these values, beside what the earlier one varies by. */
function carriedOver(earlier: QuantileMap, now: QuantileMap, values: readonly number[]) {
  const before = layerOf(columnsOfNumber(earlier, true).length, createRandom(3));
  const after = layerOf(columnsOfNumber(now, true).length);
  const bridge = bridgeQuantiles(earlier, now, true);
  bridge.carry(before, 0, after, 0);
  const pairs = values.map((value) => [outputsOf(before, earlier, value), outputsOf(after, now, value)]);
  const rootMeanSquare = (of: (pair: number[][]) => number) =>
    Math.sqrt(pairs.reduce((sum, pair) => sum + of(pair) ** 2, 0) / pairs.length);
  const centre = pairs.reduce((sum, [old]) => sum + old[0] / pairs.length, 0);
  return {
    before,
    after,
    error: bridge.error,
    off: rootMeanSquare(([old, carried]) => carried[0] - old[0]),
    spread: rootMeanSquare(([old]) => old[0] - centre),
  };
}

const random = createRandom(7);
const counts = (scale: number, size = 3_000) =>
  Array.from({ length: size }, () => Math.floor(scale * Math.exp(1.5 * random.gaussian())));

describe('weights of a number whose quantiles are others', () => {
  it('stay as they are where the quantiles do', () => {
    const values = counts(20);
    const { before, after, error } = carriedOver(mapOf(values), mapOf(values), values);
    expect(after.weights).toEqual(before.weights);
    expect(after.bias).toEqual(before.bias);
    expect(error).toBe(0);
  });

  it.each([
    ['counts that grew by a third', counts(30), counts(40)],
    ['counts that doubled', counts(30), counts(60)],
    ['counts that fell', counts(60), counts(30)],
    ['fewer zeros', [...counts(20), ...Array<number>(1_500).fill(0)], counts(25)],
    ['ages that are a day more', counts(100).map((x) => x + 1), counts(100).map((x) => x + 25)],
  ])('say of a raw value what they said: %s', (_, earlier, now) => {
    const asked = now.filter((__, i) => i % 3 === 0);
    const { off, spread } = carriedOver(mapOf(earlier), mapOf(now), asked);
    expect(spread).toBeGreaterThan(0.1);
    expect(off / spread).toBeLessThan(0.12);
    // Copied as they were, they would say something else.
    const [old, fresh] = [mapOf(earlier), mapOf(now)];
    const copied = layerOf(4, createRandom(3));
    const misread = asked.map((value) => outputsOf(copied, fresh, value)[0] - outputsOf(copied, old, value)[0]);
    expect(Math.sqrt(misread.reduce((sum, x) => sum + x * x, 0) / misread.length)).toBeGreaterThan(2 * off);
  });

  it('say of a missing number what they said, flagged then and now', () => {
    const earlier = mapOf([...counts(20), NaN]);
    const now = mapOf([...counts(50), NaN]);
    const { before, after } = carriedOver(earlier, now, [1]);
    outputsOf(after, now, NaN).forEach((output, j) =>
      expect(output).toBeCloseTo(outputsOf(before, earlier, NaN)[j], 5),
    );
  });

  it('say of a number that is missing for the first time what no columns said', () => {
    const [earlier, now] = [mapOf(counts(20)), mapOf([...counts(50), NaN])];
    const { after } = carriedOver(earlier, now, [1]);
    outputsOf(after, now, NaN).forEach((output) => expect(output).toBeCloseTo(0, 5));
  });

  it('put what a number said that no longer varies into the bias', () => {
    const earlier = mapOf(counts(20));
    const always = mapOf([30]);
    const { before, after } = carriedOver(earlier, always, [30]);
    outputsOf(after, always, 30).forEach((output, j) =>
      expect(output).toBeCloseTo(outputsOf(before, earlier, 30)[j], 4),
    );
  });

  it('have no say where the earlier training could learn nothing from the number', () => {
    const { after } = carriedOver(mapOf([5]), mapOf(counts(20)), [1, 5, 20]);
    expect(after.weights.every((weight) => weight === 0)).toBe(true);
  });
});
