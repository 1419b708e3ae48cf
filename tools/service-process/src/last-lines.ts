import { closeSync, openSync, readFileSync, readSync, statSync, writeFileSync } from 'node:fs';

/** Of a log file, in bytes; 0 where there is none. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** A log is cut when a process starts with more than this … */
const LARGE_BYTES = 16 << 20;
/** … to this: some thousand lines, of what led to the start. */
const KEPT_BYTES = 1 << 20;

/** Leaves the last lines of a log that has grown large: it is only appended to, and would fill the disk. */
export function cutLargeLog(file: string): void {
  const size = sizeOf(file);
  if (size <= LARGE_BYTES) return;
  const end = Buffer.alloc(KEPT_BYTES);
  const log = openSync(file, 'r');
  try {
    readSync(log, end, 0, KEPT_BYTES, size - KEPT_BYTES);
  } finally {
    closeSync(log);
  }
  // Where a line begins: the first one is a part, as a rule.
  writeFileSync(file, end.subarray(end.indexOf('\n') + 1));
}

/** What a log file holds; nothing where there is none, as whoever stopped the service may have removed it. @param start in bytes */
export function textFrom(file: string, start: number): string {
  try {
    return readFileSync(file).subarray(start).toString('utf8');
  } catch {
    return '';
  }
}

/** The end of a log file. @param start in bytes: what lies before it an earlier process has said */
export function lastLines(file: string, count = 15, start = 0): string[] {
  return textFrom(file, start)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count);
}
