import { checkStack, initialiseStack, runStack } from './dense-stack';
import { createRandom } from './random';
import type { DenseStack } from './types';

const STACK: DenseStack = [
  {
    inputSize: 2,
    outputSize: 3,
    weights: Float32Array.from([1, -1, 2, 0.5, 3, -4]),
    bias: Float32Array.from([0, 1, 0.5]),
    activation: 'relu',
  },
  {
    inputSize: 3,
    outputSize: 1,
    weights: Float32Array.from([2, -1, 1]),
    bias: Float32Array.from([-10]),
    activation: 'linear',
  },
];

describe('runStack', () => {
  it('computes relu(x·W + b) layer by layer, row by row', () => {
    // Row [1, 2]: hidden [2, 6, -5.5 → 0], output 4 − 6 − 10. Row [-1, 0]: hidden [-1 → 0, 2, -1.5 → 0], output −12.
    expect([...runStack(STACK, Float32Array.from([1, 2, -1, 0]), 2)]).toEqual([-12, -12]);
  });

  it('is the identity for the empty stack, in an array of its own', () => {
    const input = Float32Array.from([1, 2]);
    const output = runStack([], input, 1);
    expect([...output]).toEqual([1, 2]);
    expect(output).not.toBe(input);
  });

  it('lets NaN through the ReLU', () => {
    expect(runStack(STACK, Float32Array.from([NaN, 0]), 1)[0]).toBeNaN();
  });

  it('refuses input that is not as many rows as stated', () => {
    expect(() => runStack(STACK, new Float32Array(5), 2)).toThrow('2 rows of 2');
  });
});

describe('initialiseStack', () => {
  it('puts ReLU between the layers, ends linear, and keeps the variance', () => {
    const stack = initialiseStack([200, 300, 100], createRandom(1));
    expect(stack.map((layer) => [layer.inputSize, layer.outputSize, layer.activation])).toEqual([
      [200, 300, 'relu'],
      [300, 100, 'linear'],
    ]);
    const random = createRandom(2);
    const input = Float32Array.from({ length: 200 * 50 }, () => random.gaussian());
    const output = runStack(stack, input, 50);
    const variance = output.reduce((sum, x) => sum + x * x, 0) / output.length;
    expect(variance).toBeGreaterThan(0.7);
    expect(variance).toBeLessThan(1.4);
  });

  it('gives the empty stack for a single size and refuses impossible ones', () => {
    expect(initialiseStack([5], createRandom(1))).toEqual([]);
    expect(() => initialiseStack([], createRandom(1))).toThrow(RangeError);
    expect(() => initialiseStack([3, 0], createRandom(1))).toThrow(RangeError);
  });
});

describe('checkStack', () => {
  it('names the layer that does not fit', () => {
    expect(() => checkStack(STACK)).not.toThrow();
    expect(() => checkStack([STACK[1], STACK[0]])).toThrow('layer 1');
    expect(() => checkStack([{ ...STACK[0], bias: new Float32Array(2) }])).toThrow('layer 0');
  });
});
