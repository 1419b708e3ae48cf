/** A thread of a training team. */
import { workerData } from 'node:worker_threads';
import { instantiate } from './load-kernels';
import { programOf } from './programs';
import { CONTROL, type MemberData, serve } from './team';

const { kernels, memory, controlAddress, member, plan } = workerData as MemberData;
const control = new Int32Array(memory.buffer, controlAddress, CONTROL.length);
try {
  serve(control, programOf(instantiate(kernels, memory), memory, plan), member);
} catch (error) {
  Atomics.store(control, CONTROL.failed, 1);
  Atomics.notify(control, CONTROL.done);
  throw error;
}
