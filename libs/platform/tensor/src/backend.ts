/**
 * Which TensorFlow.js computes. `auto` takes the best that is installed and starts; a backend asked for by name either
 * starts or is an error, so that a run never quietly falls to a slower one. TensorFlow's native CPU build is taken only by name:
 * with "wasm" our own kernels train (training-engines.ts), and they are faster (docs/decisions/0009-native-tensorflow.md).
 *
 * TensorFlow.js keeps one active backend per process: selecting another one makes networks of the first unusable, and
 * they say so (`requireActive`).
 */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import util from 'node:util';

type TensorFlow = typeof import('@tensorflow/tfjs-core');
type WasmModule = typeof import('@tensorflow/tfjs-backend-wasm');

export type BackendName = 'tensorflow-gpu' | 'tensorflow' | 'wasm' | 'cpu';
export type BackendPreference = 'auto' | BackendName;

export interface TensorBackend {
  readonly name: BackendName;
  /** Of the package that does the work, as "@tensorflow/tfjs-backend-wasm 4.22.0". */
  readonly version: string;
  readonly tf: TensorFlow;
  /** Better backends that `auto` passed over, and why. */
  readonly skipped: readonly { readonly name: BackendName; readonly reason: string }[];
}

export class BackendUnavailableError extends Error {
  constructor(
    readonly backend: BackendName,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`the TensorFlow.js backend "${backend}" is not available: ${reason}`, options);
    this.name = 'BackendUnavailableError';
  }
}

/** What `auto` tries, best first. */
const BY_SPEED: readonly BackendName[] = ['tensorflow-gpu', 'wasm', 'cpu'];
const PACKAGES: Record<BackendName, string> = {
  'tensorflow-gpu': '@tensorflow/tfjs-node-gpu',
  tensorflow: '@tensorflow/tfjs-node',
  wasm: '@tensorflow/tfjs-backend-wasm',
  cpu: '@tensorflow/tfjs-backend-cpu',
};
/** What each package registers itself as with TensorFlow.js. */
const REGISTERED_NAMES: Record<BackendName, string> = {
  'tensorflow-gpu': 'tensorflow',
  tensorflow: 'tensorflow',
  wasm: 'wasm',
  cpu: 'cpu',
};

/** As `require`: a parameter of `selectBackend`, so that specs can stand in for packages that are not installed. */
export interface ModuleLoader {
  (name: string): unknown;
  resolve(name: string): string;
}

/**
 * @throws BackendUnavailableError when a backend asked for by name, or under `auto` every backend, is missing or does
 * not start
 */
export async function selectBackend(
  preference: BackendPreference = 'auto',
  load: ModuleLoader = createRequire(__filename),
): Promise<TensorBackend> {
  if (preference !== 'auto') return start(preference, load, []);
  const skipped: { name: BackendName; reason: string }[] = [];
  for (const name of BY_SPEED) {
    try {
      return await start(name, load, skipped);
    } catch (error) {
      if (!(error instanceof BackendUnavailableError) || name === BY_SPEED.at(-1)) throw error;
      skipped.push({ name, reason: error.reason });
    }
  }
  throw new Error('unreachable: the loop returns or throws');
}

/** @throws Error when another backend was selected after this one */
export function requireActive(backend: TensorBackend): void {
  const active = backend.tf.getBackend();
  if (active !== REGISTERED_NAMES[backend.name]) {
    throw new Error(`this was made for the TensorFlow.js backend "${backend.name}", but "${active}" is active now`);
  }
}

async function start(name: BackendName, load: ModuleLoader, skipped: TensorBackend['skipped']): Promise<TensorBackend> {
  const tf = loadPackages(name, load);
  try {
    // Otherwise it advises faster packages on standard error at every start; these are what `auto` looks for anyway.
    tf.enableProdMode();
    const started = await tf.setBackend(REGISTERED_NAMES[name]);
    if (!started) throw new Error('it was found, but did not start');
    await tf.ready();
  } catch (error) {
    throw new BackendUnavailableError(name, reasonOf(error), { cause: error });
  }
  return { name, version: `${PACKAGES[name]} ${versionOf(name, load)}`, tf, skipped };
}

function loadPackages(name: BackendName, load: ModuleLoader): TensorFlow {
  try {
    if (name === 'tensorflow' || name === 'tensorflow-gpu') {
      restoreRemovedUtil();
      return load(PACKAGES[name]) as TensorFlow; // carries its own core
    }
    const tf = load('@tensorflow/tfjs-core') as TensorFlow;
    const backend = load(PACKAGES[name]);
    if (name === 'wasm') {
      // The binaries of the installed package, never the address on the web that is the fallback.
      (backend as WasmModule).setWasmPaths(dirname(load.resolve(PACKAGES.wasm)) + sep);
    }
    return tf;
  } catch (error) {
    throw new BackendUnavailableError(name, reasonOf(error), { cause: error });
  }
}

/** Node 23 removed `util.isNullOrUndefined`, which @tensorflow/tfjs-node 4.22 still calls. */
function restoreRemovedUtil(): void {
  const utilities = util as { isNullOrUndefined?: (value: unknown) => boolean };
  utilities.isNullOrUndefined ??= (value) => value === null || value === undefined;
}

function versionOf(name: BackendName, load: ModuleLoader): string {
  return (load(`${PACKAGES[name]}/package.json`) as { version: string }).version;
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'MODULE_NOT_FOUND' ? 'its package is not installed' : (message ?? String(error));
}
