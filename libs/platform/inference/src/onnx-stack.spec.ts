import { createRandom, initialiseStack, runStack, type DenseStack } from '@watchnext/learning';
import fc from 'fast-check';
import { encodeOnnx } from './encode-onnx';
import { OnnxStack } from './onnx-stack';

function gaussianRows(seed: number, rowCount: number, inputSize: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: rowCount * inputSize }, () => random.gaussian());
}

/** He initialisation leaves biases at zero: give them values, or a lost bias would go unseen. */
function stackOf(sizes: number[], seed: number): DenseStack {
  const random = createRandom(seed);
  const stack = initialiseStack(sizes, random);
  for (const layer of stack) layer.bias.forEach((_, i) => (layer.bias[i] = random.gaussian()));
  return stack;
}

async function withTower<T>(stack: DenseStack, use: (tower: OnnxStack) => Promise<T>): Promise<T> {
  const tower = await OnnxStack.load(encodeOnnx(stack));
  try {
    return await use(tower);
  } finally {
    await tower.close();
  }
}

describe('a tower written as ONNX', () => {
  it('computes what runStack computes, whatever its shape', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 9 }), fc.nat(1000), async (shape, rowCount, seed) => {
        const stack = stackOf(shape, seed);
        const input = gaussianRows(seed + 1, rowCount, shape[0]!);
        const expected = runStack(stack, input, rowCount);
        const actual = await withTower(stack, (tower) => tower.run(input, rowCount));
        expect(actual.length).toBe(expected.length);
        const scale = 1 + Math.max(...expected.map(Math.abs));
        actual.forEach((value, i) => expect(Math.abs(value - expected[i]!) / scale).toBeLessThan(1e-5));
      }),
      { seed: 7, numRuns: 40 },
    );
  });

  it('gives a row the same bits in batches of 1 to 500 rows', async () => {
    const inputSize = 333;
    const input = gaussianRows(3, 500, inputSize);
    await withTower(stackOf([inputSize, 256, 128, 1], 5), async (tower) => {
      const whole = await tower.run(input, 500);
      for (const size of [1, 2, 3, 5, 16, 31, 64, 199, 499]) {
        for (let from = 0; from + size <= 500; from += Math.max(size, 83)) {
          const part = await tower.run(input.subarray(from * inputSize), size);
          expect(new Uint32Array(part.slice().buffer)).toEqual(new Uint32Array(whole.slice(from, from + size).buffer));
        }
      }
    });
  });

  it('gives an output the same bits whatever others there are: a catalogue may be scored in parts', async () => {
    const [inputSize, outputSize, partSize, rowCount] = [64, 10_000, 4_096, 23];
    const [layer] = stackOf([inputSize, outputSize], 6);
    const input = gaussianRows(7, rowCount, inputSize);
    const whole = await withTower([layer!], (tower) => tower.run(input, rowCount));
    for (let from = 0; from < outputSize; from += partSize) {
      const size = Math.min(partSize, outputSize - from);
      const columns = (values: Float32Array, rows: number) =>
        Float32Array.from(
          { length: rows * size },
          (_, i) => values[Math.floor(i / size) * outputSize + from + (i % size)]!,
        );
      const { weights, bias } = layer!;
      const part = { ...layer!, outputSize: size, weights: columns(weights, inputSize), bias: columns(bias, 1) };
      for (const rows of [1, 2, 17, rowCount]) {
        const expected = columns(whole, rows);
        const actual = await withTower([part], (tower) => tower.run(input, rows, new Float32Array(rows * size)));
        expect(Buffer.from(actual.buffer).equals(Buffer.from(expected.buffer))).toBe(true);
      }
    }
  });

  it('gives the same bits with one thread and with two', async () => {
    const model = encodeOnnx(stackOf([300, 512, 256, 1], 8));
    const input = gaussianRows(9, 200, 300);
    const one = await OnnxStack.load(model);
    const two = await OnnxStack.load(model, { threads: 2 });
    expect(await two.run(input, 200)).toEqual(await one.run(input, 200));
    await Promise.all([one.close(), two.close()]);
  });

  it('is the identity when the stack is empty, at any width', async () => {
    await withTower([], async (tower) => {
      expect(tower.inputSize).toBeUndefined();
      expect(await tower.run(Float32Array.of(1, 2, 3, 4, 5, 6), 2)).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
      expect(await tower.run(Float32Array.of(1, 2, 3), 1)).toEqual(Float32Array.of(1, 2, 3));
      await expect(tower.run(Float32Array.of(1, 2, 3), 2)).rejects.toThrow('2 rows of one width');
    });
  });

  it('is the same bytes for the same stack', () => {
    expect(encodeOnnx(stackOf([7, 5, 2], 1))).toEqual(encodeOnnx(stackOf([7, 5, 2], 1)));
    expect(encodeOnnx(stackOf([7, 5, 2], 1))).not.toEqual(encodeOnnx(stackOf([7, 5, 2], 2)));
  });
});

describe('OnnxStack', () => {
  it('tells the sizes of its rows, takes a longer buffer, and answers no rows with none', async () => {
    await withTower(stackOf([4, 3, 2], 1), async (tower) => {
      expect([tower.inputSize, tower.outputSize]).toEqual([4, 2]);
      const buffer = gaussianRows(1, 10, 4);
      expect(await tower.run(buffer, 3)).toEqual((await tower.run(buffer, 10)).slice(0, 6));
      expect(await tower.run(buffer, 0)).toEqual(new Float32Array(0));
    });
  });

  it('writes into an array that it is given, to the same bits, and leaves no other behind', async () => {
    const outputSize = 2 ** 16;
    await withTower(stackOf([4, outputSize], 1), async (tower) => {
      const input = gaussianRows(1, 16, 4);
      const expected = await tower.run(input, 16);
      const into = new Float32Array(17 * outputSize).fill(-1);
      const before = process.memoryUsage().arrayBuffers;
      for (let run = 0; run < 8; run++) {
        const written = await tower.run(input, 16, into);
        expect([written.buffer, written.length]).toEqual([into.buffer, 16 * outputSize]);
      }
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(expected.byteLength);
      expect(Buffer.from(into.buffer, 0, expected.byteLength).equals(Buffer.from(expected.buffer))).toBe(true);
      expect(new Set(into.subarray(16 * outputSize))).toEqual(new Set([-1]));
      await expect(tower.run(input, 16, into.subarray(0, 15 * outputSize))).rejects.toThrow(RangeError);
    });
  });

  it('refuses rows that the input does not hold', async () => {
    await withTower(stackOf([4, 1], 1), async (tower) => {
      await expect(tower.run(new Float32Array(7), 2)).rejects.toThrow('2 rows of 4 do not fit an input of 7 values');
      await expect(tower.run(new Float32Array(8), -1)).rejects.toThrow('rowCount must be 0 or more, not -1');
      await expect(tower.run(new Float32Array(8), 1.5)).rejects.toThrow(RangeError);
    });
  });

  it('refuses bytes that are no model, a thread count of zero, and work after closing', async () => {
    const model = encodeOnnx(stackOf([2, 1], 1));
    await expect(OnnxStack.load(new Uint8Array(0))).rejects.toThrow('the ONNX model is empty');
    await expect(OnnxStack.load(Uint8Array.of(1, 2, 3))).rejects.toThrow('onnxruntime refuses the model');
    await expect(OnnxStack.load(model.subarray(0, model.length - 30))).rejects.toThrow();
    await expect(OnnxStack.load(model, { threads: 0 })).rejects.toThrow('threads must be 1 or more, not 0');
    const tower = await OnnxStack.load(model);
    await tower.close();
    await tower.close();
    await expect(tower.run(new Float32Array(2), 1)).rejects.toThrow('the tower is closed');
  });
});

describe('encodeOnnx', () => {
  const layer = stackOf([2, 3], 1)[0]!;

  it('refuses a layer whose arrays do not fit its sizes', () => {
    expect(() => encodeOnnx([{ ...layer, outputSize: 4 }])).toThrow('layer 0 of the stack does not fit');
  });

  it('refuses layers that do not fit each other', () => {
    expect(() => encodeOnnx([layer, layer])).toThrow('layer 1 of the stack does not fit');
  });

  it('refuses weights that are not finite', () => {
    expect(() => encodeOnnx([{ ...layer, bias: Float32Array.of(0, NaN, 0) }])).toThrow('not finite');
  });
});
