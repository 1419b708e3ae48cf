/** Work that nobody waits for, beside work that requests wait for. */
import { constants, getPriority, setPriority } from 'node:os';

/** How far a priority falls: a thread's share beside a full one becomes a third of it, or a tenth. */
export const YIELDS = {
  /** Others may wait for the result, but no viewer. */
  somewhat: constants.priority.PRIORITY_BELOW_NORMAL / 2,
  /** Nobody waits. */
  widely: constants.priority.PRIORITY_BELOW_NORMAL,
} as const;

/**
 * Lets other threads go first where there are not processors enough for all: the priority of the calling thread falls, and that of
 * the threads that it makes from then on. On Linux, where a priority is a thread's; elsewhere it would be the whole process's, and stays.
 */
export function yieldToOthers(by: number = YIELDS.widely): void {
  if (process.platform !== 'linux') return;
  setPriority(Math.min(constants.priority.PRIORITY_LOW, getPriority() + by));
}
