import { trainingKey } from './training-checkpoints';

describe('the key of a training', () => {
  const engine = 'kernels native avx512';
  const examples = [Float32Array.of(1, 2), Int32Array.of(3)];
  const key = trainingKey({ engine }, { epochs: 2 }, examples);

  it('is the same for the same', () => {
    expect(trainingKey({ engine }, { epochs: 2 }, [Float32Array.of(1, 2), Int32Array.of(3)])).toBe(key);
    expect(key).toMatch(/^[0-9a-f]{16}$/);
  });

  it('is another for another engine, setting or example', () => {
    const others = [
      trainingKey({ engine: 'kernels wasm' }, { epochs: 2 }, examples),
      trainingKey({ engine }, { epochs: 3 }, examples),
      trainingKey({ engine }, { epochs: 2 }, [Float32Array.of(1, 2), Int32Array.of(4)]),
      trainingKey({ engine }, { epochs: 2 }, [Float32Array.of(1, 2, 3)]),
    ];
    expect(new Set([key, ...others]).size).toBe(5);
  });

  it('tells names apart that differ beyond the first 65,536 characters', () => {
    const keys = ['🎬', '🎭', '🎮'].map((surface) => trainingKey({ engine }, { surface }, examples));
    expect(new Set(keys).size).toBe(3);
  });
});
