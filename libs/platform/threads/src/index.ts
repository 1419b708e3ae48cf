/** Threads that answer calls, and arrays on memory that all of them see. */
export { yieldToOthers } from './background';
export { collectGarbage } from './collect-garbage';
export { shared, sharedBytes, sharedFloats, sharedInts } from './shared';
export { answerCalls, reportProgress, Thread, type ThreadHandlers, ThreadLostError } from './thread';
