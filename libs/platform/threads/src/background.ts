/** Work that nobody waits for, beside work that requests wait for. */
import { constants, getPriority, setPriority } from 'node:os';

/**
 * Lets the other threads of this process go first where there are not processors enough for all: the calling thread's
 * priority falls by ten, a tenth of a full thread's share. On Linux, where a priority is a thread's; elsewhere it would be
 * the whole process's, and stays.
 */
export function yieldToOthers(): void {
  if (process.platform !== 'linux') return;
  setPriority(Math.min(constants.priority.PRIORITY_LOW, getPriority() + constants.priority.PRIORITY_BELOW_NORMAL));
}
