import { chooseKernels, compile, type KernelModule, nameOfKernels } from '../src/kernels/load-kernels';
import { nativeLevels } from '../src/kernels/native-kernels';

const inWasm = chooseKernels('wasm');
const modules: KernelModule[] = [compile(false), inWasm, ...nativeLevels().map((native) => ({ ...inWasm, native }))];

/**
 * Each of the kernels that this Node and processor can run, by its name. The native ones have to be compiled: what is
 * not there would not be tested, and nobody would see it.
 */
export const KERNEL_CHOICES = modules.map((kernels) => [nameOfKernels(kernels), kernels] as const);
