import { createRequire } from 'node:module';
import { BackendUnavailableError, requireActive, selectBackend, type ModuleLoader } from './backend';

const installed = createRequire(__filename);

/** A loader that lacks some packages and has stand-ins for others. */
function loader(options: { lacks?: string[]; standIns?: Record<string, unknown> }): ModuleLoader {
  const load = (name: string): unknown => {
    if (options.standIns && name in options.standIns) return options.standIns[name];
    if (options.lacks?.includes(name))
      throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
    return installed(name);
  };
  return Object.assign(load, { resolve: (name: string) => installed.resolve(name) });
}

const NODE_PACKAGES = ['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu'];

describe('selectBackend', () => {
  it.each(['wasm', 'cpu'] as const)('starts "%s" from the installed packages and computes with it', async (name) => {
    const backend = await selectBackend(name);
    expect(backend.name).toBe(name);
    expect(backend.version).toMatch(new RegExp(`^@tensorflow/tfjs-backend-${name} \\d+\\.\\d+\\.\\d+$`));
    expect(backend.tf.getBackend()).toBe(name);
    const product = backend.tf.tidy(() => backend.tf.matMul([[1, 2]], [[3], [4]]).dataSync());
    expect([...product]).toEqual([11]);
  });

  it('takes WebAssembly where the native packages are not installed, and says what it passed over', async () => {
    const backend = await selectBackend('auto', loader({ lacks: NODE_PACKAGES }));
    expect(backend.name).toBe('wasm');
    expect(backend.skipped).toEqual([{ name: 'tensorflow-gpu', reason: 'its package is not installed' }]);
  });

  describe('with native packages installed', () => {
    const nativeLoader = async (gpu: 'works' | 'is broken') => {
      const core = (await selectBackend('wasm')).tf;
      const native = {
        ...core,
        setBackend: async (name: string) => name === 'tensorflow',
        getBackend: () => 'tensorflow',
        ready: async () => undefined,
      };
      const broken = { ...core, setBackend: async () => Promise.reject(new Error('libcudart is missing')) };
      return loader({
        standIns: {
          '@tensorflow/tfjs-node-gpu': gpu === 'works' ? native : broken,
          '@tensorflow/tfjs-node-gpu/package.json': { version: '4.22.0' },
          '@tensorflow/tfjs-node': native,
          '@tensorflow/tfjs-node/package.json': { version: '4.22.0' },
        },
      });
    };

    it('takes a GPU before all else', async () => {
      const backend = await selectBackend('auto', await nativeLoader('works'));
      expect([backend.name, backend.version]).toEqual(['tensorflow-gpu', '@tensorflow/tfjs-node-gpu 4.22.0']);
      expect(() => requireActive(backend)).not.toThrow();
    });

    it('takes WebAssembly, where our own kernels train, before the native CPU build, and says why not the GPU', async () => {
      const backend = await selectBackend('auto', await nativeLoader('is broken'));
      expect(backend.name).toBe('wasm');
      expect(backend.skipped).toEqual([{ name: 'tensorflow-gpu', reason: 'libcudart is missing' }]);
    });

    it('takes the native CPU build where it is asked for by name', async () => {
      const backend = await selectBackend('tensorflow', await nativeLoader('is broken'));
      expect([backend.name, backend.version]).toEqual(['tensorflow', '@tensorflow/tfjs-node 4.22.0']);
    });
  });

  it('never falls back from a backend that was asked for by name', async () => {
    const attempt = selectBackend('tensorflow', loader({ lacks: NODE_PACKAGES }));
    await expect(attempt).rejects.toThrow(BackendUnavailableError);
    await expect(attempt).rejects.toThrow('"tensorflow" is not available: its package is not installed');
  });

  it('fails when nothing can be loaded', async () => {
    const lacks = [...NODE_PACKAGES, '@tensorflow/tfjs-backend-wasm', '@tensorflow/tfjs-backend-cpu'];
    await expect(selectBackend('auto', loader({ lacks }))).rejects.toThrow('"cpu" is not available');
  });
});

describe('requireActive', () => {
  it('notices that another backend was selected since', async () => {
    const first = await selectBackend('wasm');
    await selectBackend('cpu');
    expect(() => requireActive(first)).toThrow('"wasm", but "cpu" is active');
  });
});
