import { readFileSync } from 'node:fs';

/** Linux counts in these wherever Node runs. */
const TICKS_PER_SECOND = 100;

/** Seconds of processor that a process has used by now; NaN where there is no /proc. */
export function cpuSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return Number.NaN;
  }
}

/** Which process takes how much: microseconds of processor for each event, between construction and `perEvent`. */
export class CpuAccount {
  private readonly before: ReadonlyMap<string, number>;

  constructor(private readonly pids: ReadonlyMap<string, readonly number[]>) {
    this.before = this.read();
  }

  perEvent(eventCount: number): Record<string, number> {
    const after = this.read();
    return Object.fromEntries(
      [...this.before].map(([name, seconds]) => [
        name,
        Math.round((((after.get(name) ?? Number.NaN) - seconds) * 1e7) / eventCount) / 10,
      ]),
    );
  }

  private read(): Map<string, number> {
    return new Map([...this.pids].map(([name, pids]) => [name, pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)]));
  }
}
