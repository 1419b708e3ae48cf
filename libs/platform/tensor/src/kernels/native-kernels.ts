/**
 * Kernels compiled for the processor (native/), in place of the WebAssembly ones that take most of a step's time
 * (docs/decisions/0122-native-kernels.md). tools/prepare.js compiles them where it can.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Kernels } from './load-kernels';

/** Plain data, so that a thread can be told. */
export interface NativeKernels {
  /** The compiled addon. */
  readonly file: string;
  /** Which of its sets of vector instructions. */
  readonly level: string;
}

export class NativeKernelsUnavailableError extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(`there are no native training kernels: ${reason}`, options);
    this.name = 'NativeKernelsUnavailableError';
  }
}

interface Addon {
  readonly interfaceVersion: number;
  levels(): string[];
  /** @param view gives all of a memory that may have grown */
  instantiate(level: string, view: () => Uint8Array): Partial<Kernels>;
}

/** As in native/addon.cpp: of another version the kernels or their parameters are others. */
const INTERFACE_VERSION = 1;
const FOLDER = join(__dirname, '..', '..', 'dist', 'native');

/** The levels that this processor can run, best first. @throws NativeKernelsUnavailableError */
export function nativeLevels(folder = FOLDER): NativeKernels[] {
  const file = join(folder, 'kernels.node');
  if (!existsSync(file)) throw new NativeKernelsUnavailableError(whyNotCompiled(folder));
  return load(file)
    .levels()
    .map((level) => ({ file, level }));
}

/**
 * The best level that is faster than WebAssembly, whose vectors are four numbers wide, as those of the baseline of x86, which
 * lacks fused multiply-add.
 *
 * @throws NativeKernelsUnavailableError
 */
export function bestNative(folder = FOLDER): NativeKernels {
  const [best] = nativeLevels(folder);
  if (best.level === 'baseline' && process.arch === 'x64') {
    throw new NativeKernelsUnavailableError(
      'the processor lacks AVX2 and fused multiply-add, so they would be no faster',
    );
  }
  return best;
}

export function instantiateNative({ file, level }: NativeKernels, memory: WebAssembly.Memory): Partial<Kernels> {
  return load(file).instantiate(level, () => new Uint8Array(memory.buffer));
}

/** Each thread loads it for itself. */
function load(file: string): Addon {
  const loaded = { exports: {} as Addon };
  try {
    process.dlopen(loaded, file);
  } catch (error) {
    throw new NativeKernelsUnavailableError((error as Error).message, { cause: error });
  }
  const { interfaceVersion } = loaded.exports;
  if (interfaceVersion !== INTERFACE_VERSION) {
    throw new NativeKernelsUnavailableError(
      `${file} is of version ${interfaceVersion}, this program of ${INTERFACE_VERSION}; node tools/prepare.js compiles it anew`,
    );
  }
  return loaded.exports;
}

/** What native/build.js noted. */
function whyNotCompiled(folder: string): string {
  try {
    const { reason } = JSON.parse(readFileSync(join(folder, 'kernels.json'), 'utf8')) as { reason?: string };
    if (reason !== undefined) return reason.split('\n')[0];
  } catch {
    // Nobody tried.
  }
  return 'they are not compiled; node tools/prepare.js does that';
}
