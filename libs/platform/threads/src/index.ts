/** Threads that answer calls, and arrays on memory that all of them see. */
export { yieldToOthers, YIELDS } from './background';
export { collectGarbage } from './collect-garbage';
export { endAtOnce } from './end-at-once';
export { freeAtOnce } from './free-at-once';
export { HeldCalls } from './held-calls';
export { makeThreads } from './make-threads';
export { shared, sharedBytes, sharedFloats, sharedInts } from './shared';
export { askWorker, startWorker, WorkerError, type WorkerProgram, type WorkerReport } from './worker-process';
export { onTaskThread } from './task-thread';
export { answerCalls, reportProgress, Thread, type ThreadHandlers, ThreadLostError, threadsAtRest } from './thread';
