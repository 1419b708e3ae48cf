/** Keeps what a log came to after its replay, so that a run that goes on from where another stopped need not replay it. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import type { PaperData } from './data';

/** Raised when the shape of `PaperData`, or what replay makes of a log, changes. */
const VERSION = 2;

interface Kept {
  readonly version: number;
  readonly data: PaperData;
}

/** undefined where there is nothing of this version. A file that cannot be read is removed: it was left half written. */
export function keptData(file: string): PaperData | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const { version, data } = deserialize(readFileSync(file)) as Kept;
    return version === VERSION ? data : undefined;
  } catch {
    rmSync(file, { force: true });
    return undefined;
  }
}

export function keepData(file: string, data: PaperData): void {
  writeFileSync(`${file}.new`, serialize({ version: VERSION, data } satisfies Kept));
  renameSync(`${file}.new`, file);
}
