/**
 * The WebAssembly kernels (kernels/assembly) on a shared memory. Addresses and strides are in bytes, widths in numbers;
 * the sources document each kernel.
 */
import { setFlagsFromString } from 'node:v8';
import { KERNELS, KERNELS_WITH_RELAXED_SIMD } from '../generated/kernels';

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

export interface KernelModule {
  readonly module: WebAssembly.Module;
  /** Whether products are fused with sums: a quarter faster where the processor has such instructions. */
  readonly relaxedSimd: boolean;
}

let compiled: KernelModule | undefined;

/** The best build that this Node takes; compiled once per process. */
export function kernelModule(): KernelModule {
  return (compiled ??= compile(allowRelaxedSimd()));
}

export function compile(relaxedSimd: boolean): KernelModule {
  const binary = Buffer.from(relaxedSimd ? KERNELS_WITH_RELAXED_SIMD : KERNELS, 'base64');
  return { module: new WebAssembly.Module(binary), relaxedSimd };
}

export function instantiate({ module }: KernelModule, memory: WebAssembly.Memory): Kernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
}

/** Relaxed SIMD is standard from Node 22 on (V8 11.4); the V8 of Node 20 has it behind a flag. */
function allowRelaxedSimd(): boolean {
  const binary = Buffer.from(KERNELS_WITH_RELAXED_SIMD, 'base64');
  if (WebAssembly.validate(binary)) return true;
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  return WebAssembly.validate(binary);
}
