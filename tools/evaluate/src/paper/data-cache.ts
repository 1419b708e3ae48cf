/** Keeps what a log came to after its replay, so that a run that goes on from where another stopped need not replay it. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { dataCodeKey } from './code-key';
import type { PaperData } from './data';

interface Kept {
  /** Of the code that made it. */
  readonly code: string;
  readonly data: PaperData;
}

/** undefined where there is nothing that this code made. A file that cannot be read is removed: it was left half written. */
export function keptData(file: string): PaperData | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const { code, data } = deserialize(readFileSync(file)) as Kept;
    return code === dataCodeKey() ? data : undefined;
  } catch {
    rmSync(file, { force: true });
    return undefined;
  }
}

export function keepData(file: string, data: PaperData): void {
  writeFileSync(`${file}.new`, serialize({ code: dataCodeKey(), data } satisfies Kept));
  renameSync(`${file}.new`, file);
}
