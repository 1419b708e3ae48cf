/** Memory, open files and processor time of processes, from /proc. */
import { readdirSync, readFileSync } from 'node:fs';
import { cpuSeconds } from '../ingest/cpu-time';

export interface Usage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Of these, what is no file's: pages of mapped files, as the embedded log's, grow with them and are given back when needed. */
  readonly privateBytes: number;
  /** Since the process began. */
  readonly peakResidentBytes: number;
  readonly openFiles: number;
}

/** NaN for what cannot be known: where there is no /proc, or the process is gone. */
export function usageOf(pid: number): Usage {
  const status = read(() => readFileSync(`/proc/${pid}/status`, 'utf8'));
  const bytes = (field: string) => 1_024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status ?? '')?.[1]);
  return {
    cpuSeconds: cpuSeconds(pid),
    residentBytes: bytes('VmRSS'),
    privateBytes: bytes('RssAnon'),
    peakResidentBytes: bytes('VmHWM'),
    openFiles: read(() => readdirSync(`/proc/${pid}/fd`).length) ?? NaN,
  };
}

function read<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
