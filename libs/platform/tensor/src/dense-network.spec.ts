import { Adam, createRandom, initialiseStack, runStack, type DenseStack } from '@watchnext/learning';
import { selectBackend, type TensorBackend } from './backend';
import { DenseNetwork } from './dense-network';

const ROWS = 7;
const SIZES = [5, 8, 6, 3];
const normals = (count: number, seed: number) => {
  const random = createRandom(seed);
  return Float32Array.from({ length: count }, () => random.gaussian());
};
const STACK = initialiseStack(SIZES, createRandom(1));
const INPUT = normals(ROWS * 5, 2);
/** The loss is Σ output · coefficient, so ∂loss/∂output is the coefficients. */
const COEFFICIENTS = normals(ROWS * 3, 3);
const lossOf = (stack: DenseStack, input: Float32Array) =>
  runStack(stack, input, ROWS).reduce((sum, y, i) => sum + y * COEFFICIENTS[i], 0);

/** ∂loss/∂array by central differences; float32 outputs limit it to about three digits. */
function differences(array: Float32Array, loss: () => number): number[] {
  const step = 1e-2;
  return Array.from(array, (value, i) => {
    array[i] = value + step;
    const above = loss();
    array[i] = value - step;
    const below = loss();
    array[i] = value;
    return (above - below) / (2 * step);
  });
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i] - expected[i])).toBeLessThanOrEqual(tolerance * (1 + Math.abs(expected[i])));
  }
}

describe.each(['wasm', 'cpu'] as const)('DenseNetwork on %s', (name) => {
  let backend: TensorBackend;
  beforeAll(async () => {
    backend = await selectBackend(name);
  });

  const passOnce = (network: DenseNetwork) => {
    const { tf } = backend;
    return tf.tidy(() => {
      const pass = network.forward(tf.tensor2d(INPUT, [ROWS, 5]));
      const inputGradient = network.backward(pass, tf.tensor2d(COEFFICIENTS, [ROWS, 3]));
      return { output: pass.output.dataSync(), inputGradient: inputGradient.dataSync() };
    });
  };

  it('computes what the reference computes', () => {
    const network = new DenseNetwork(backend, STACK, { learningRate: 0.1 });
    expectClose(passOnce(network).output, runStack(STACK, INPUT, ROWS), 1e-5);
    network.dispose();
  });

  it('has the gradients that finite differences give, for the input and every layer', () => {
    const network = new DenseNetwork(backend, STACK, { learningRate: 0.1 });
    const { inputGradient } = passOnce(network);
    const stack = network.read();
    const input = INPUT.slice();
    expectClose(
      inputGradient,
      differences(input, () => lossOf(stack, input)),
      5e-3,
    );
    stack.forEach((layer, i) => {
      expectClose(
        network.gradients()[2 * i],
        differences(layer.weights, () => lossOf(stack, INPUT)),
        5e-3,
      );
      expectClose(
        network.gradients()[2 * i + 1],
        differences(layer.bias, () => lossOf(stack, INPUT)),
        5e-3,
      );
    });
    network.dispose();
  });

  it('steps as Adam does, and computes with the new weights from then on', () => {
    const network = new DenseNetwork(backend, STACK, { learningRate: 0.05 });
    const expected = network.read();
    const adam = new Adam(
      expected.flatMap((layer) => [layer.weights, layer.bias]),
      { learningRate: 0.05 },
    );
    for (let step = 0; step < 3; step++) {
      passOnce(network);
      adam.step(network.gradients());
      network.step();
    }
    expect(network.read()).toEqual(expected);
    expect(network.read()[0].weights).not.toEqual(STACK[0].weights);
    expectClose(passOnce(network).output, runStack(expected, INPUT, ROWS), 1e-5);
    network.dispose();
  });

  it('tells gradients that are finite from those that are not, even where a ReLU hides a NaN', () => {
    const { tf } = backend;
    const network = new DenseNetwork(backend, STACK, { learningRate: 0.1 });
    passOnce(network);
    expect(network.gradientsAreFinite()).toBe(true);
    tf.tidy(() => {
      const pass = network.forward(tf.tensor2d([1, 2, NaN, 4, 5], [1, 5]));
      network.backward(pass, tf.tensor2d([1, 1, 1], [1, 3]));
    });
    expect(network.gradientsAreFinite()).toBe(false);
    network.dispose();
  });

  it('leaves no tensor behind', () => {
    const before = backend.tf.memory().numTensors;
    const network = new DenseNetwork(backend, STACK, { learningRate: 0.1 });
    const held = backend.tf.memory().numTensors;
    for (let step = 0; step < 5; step++) {
      passOnce(network);
      network.step();
    }
    expect(backend.tf.memory().numTensors).toBe(held);
    network.dispose();
    expect(backend.tf.memory().numTensors).toBe(before);
  });

  it('refuses a step without gradients, and to run once disposed of', () => {
    const network = new DenseNetwork(backend, STACK, { learningRate: 0.1 });
    expect(() => network.step()).toThrow('no gradients');
    passOnce(network);
    network.step();
    expect(() => network.step()).toThrow('no gradients');
    network.dispose();
    expect(() => passOnce(network)).toThrow('disposed');
  });
});

it('says so when another backend became active', async () => {
  const network = new DenseNetwork(await selectBackend('cpu'), STACK, { learningRate: 0.1 });
  const { tf } = await selectBackend('wasm');
  expect(() => tf.tidy(() => network.forward(tf.tensor2d(INPUT, [ROWS, 5])).output)).toThrow('"wasm" is active');
});
