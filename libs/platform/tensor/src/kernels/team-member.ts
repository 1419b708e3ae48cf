/** A thread of a training team. */
import { workerData } from 'node:worker_threads';
import { CandidateProgram } from './candidate-program';
import type { CandidatePlan } from './candidate-plan';
import { instantiate } from './load-kernels';
import { CONTROL, type MemberData, serve } from './team';

const { kernels, memory, controlAddress, member, plan } = workerData as MemberData;
const control = new Int32Array(memory.buffer, controlAddress, CONTROL.length);
try {
  serve(control, new CandidateProgram(instantiate(kernels, memory), memory, plan as CandidatePlan), member);
} catch (error) {
  Atomics.store(control, CONTROL.failed, 1);
  Atomics.notify(control, CONTROL.done);
  throw error;
}
