/**
 * The kernels on a shared memory: those in WebAssembly (kernels/assembly), or compiled ones in place of some of them (native/). Addresses and strides are in bytes, widths in numbers;
 * the sources document each kernel.
 */
import { setFlagsFromString } from 'node:v8';
import { KERNELS, KERNELS_WITH_RELAXED_SIMD } from '../generated/kernels';
import { bestNative, instantiateNative, type NativeKernels, NativeKernelsUnavailableError } from './native-kernels';

type Kernel = (...parameters: number[]) => number;

export interface Kernels {
  readonly multiply: Kernel;
  readonly multiplyTransposed: Kernel;
  readonly fillZero: Kernel;
  readonly sumColumns: Kernel;
  readonly transpose: Kernel;
  readonly addScaledRows: Kernel;
  readonly describeMeans: Kernel;
  readonly dotRows: Kernel;
  readonly dropout: Kernel;
  readonly gatherRows: Kernel;
  readonly maskByPositive: Kernel;
  readonly headGradients: Kernel;
  readonly greatestGradients: Kernel;
  readonly greatestProducts: Kernel;
  readonly heads: Kernel;
  readonly meanOfRows: Kernel;
  readonly meanOfColumns: Kernel;
  readonly copyRows: Kernel;
  readonly sumGivenPlaces: Kernel;
  readonly sumPlaces: Kernel;
  readonly relu: Kernel;
  readonly scaledRowGradients: Kernel;
  readonly scaleRows: Kernel;
  readonly sampledSoftmax: Kernel;
  readonly adagrad: Kernel;
  readonly adam: Kernel;
  readonly selectEntries: Kernel;
  readonly sortKeys: Kernel;
  readonly sum: Kernel;
}

/** A choice of kernels; plain data, so that a thread can be told. */
export interface KernelModule {
  readonly module: WebAssembly.Module;
  /** Whether products are fused with sums: a quarter faster where the processor has such instructions. */
  readonly relaxedSimd: boolean;
  readonly native?: NativeKernels;
  /** Why `auto` left out native ones. */
  readonly withoutNative?: string;
}

/** `auto`: native ones where there are any that are faster, else WebAssembly. */
export const KERNEL_PREFERENCES = ['auto', 'native', 'wasm'] as const;
export type KernelPreference = (typeof KERNEL_PREFERENCES)[number];

const chosen = new Map<KernelPreference, KernelModule>();

/**
 * The best that this Node and processor take; compiled once per process.
 *
 * @throws NativeKernelsUnavailableError when asked for native ones
 */
export function kernelModule(preference: KernelPreference = 'auto'): KernelModule {
  const module = chosen.get(preference) ?? chooseKernels(preference);
  chosen.set(preference, module);
  return module;
}

/** @param folder where the addon lies, for specs */
export function chooseKernels(preference: KernelPreference, folder?: string): KernelModule {
  const inWasm = compile(allowRelaxedSimd());
  if (preference === 'wasm') return inWasm;
  try {
    return { ...inWasm, native: bestNative(folder) };
  } catch (error) {
    if (preference === 'native' || !(error instanceof NativeKernelsUnavailableError)) throw error;
    return { ...inWasm, withoutNative: error.message };
  }
}

/** As "native avx512", "wasm relaxed-simd" or "wasm". */
export function nameOfKernels({ native, relaxedSimd }: KernelModule): string {
  if (native) return `native ${native.level}`;
  return relaxedSimd ? 'wasm relaxed-simd' : 'wasm';
}

export function compile(relaxedSimd: boolean): KernelModule {
  const binary = Buffer.from(relaxedSimd ? KERNELS_WITH_RELAXED_SIMD : KERNELS, 'base64');
  return { module: new WebAssembly.Module(binary), relaxedSimd };
}

export function instantiate({ module, native }: KernelModule, memory: WebAssembly.Memory): Kernels {
  const inWasm = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
  return native ? { ...inWasm, ...instantiateNative(native, memory) } : inWasm;
}

/** Relaxed SIMD is standard from Node 22 on (V8 11.4); the V8 of Node 20 has it behind a flag. */
function allowRelaxedSimd(): boolean {
  const binary = Buffer.from(KERNELS_WITH_RELAXED_SIMD, 'base64');
  if (WebAssembly.validate(binary)) return true;
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  return WebAssembly.validate(binary);
}
