import { readFileSync } from 'node:fs';

const CLOCK_TICKS_PER_SECOND = 100;

/** Seconds of this process, all its threads, and of those of its child processes that have ended (these on Linux only). */
export function processorSecondsHere(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6 + endedChildrenSeconds();
}

function endedChildrenSeconds(): number {
  let stat: string;
  try {
    stat = readFileSync('/proc/self/stat', 'utf8');
  } catch {
    return 0;
  }
  // proc(5): cutime and cstime are fields 16 and 17; the second field, a name in brackets, may have spaces in it.
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(afterName[13]) + Number(afterName[14])) / CLOCK_TICKS_PER_SECOND;
}
