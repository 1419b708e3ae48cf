import { readFileSync, statSync } from 'node:fs';

/** Of a log file, in bytes; 0 where there is none. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
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
