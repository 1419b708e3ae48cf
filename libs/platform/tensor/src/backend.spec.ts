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
    expect(backend.skipped).toEqual([
      { name: 'tensorflow-gpu', reason: 'its package is not installed' },
      { name: 'tensorflow', reason: 'its package is not installed' },
    ]);
  });

  it('takes the native package before WebAssembly, after one that is installed but broken', async () => {
    const core = (await selectBackend('wasm')).tf;
    const native = {
      ...core,
      setBackend: async (name: string) => name === 'tensorflow',
      getBackend: () => 'tensorflow',
      ready: async () => undefined,
    };
    const broken = { ...core, setBackend: async () => Promise.reject(new Error('libcudart is missing')) };
    const backend = await selectBackend(
      'auto',
      loader({
        standIns: {
          '@tensorflow/tfjs-node-gpu': broken,
          '@tensorflow/tfjs-node': native,
          '@tensorflow/tfjs-node/package.json': { version: '4.22.0' },
        },
      }),
    );
    expect(backend.name).toBe('tensorflow');
    expect(backend.version).toBe('@tensorflow/tfjs-node 4.22.0');
    expect(backend.skipped).toEqual([{ name: 'tensorflow-gpu', reason: 'libcudart is missing' }]);
    expect(() => requireActive(backend)).not.toThrow();
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
