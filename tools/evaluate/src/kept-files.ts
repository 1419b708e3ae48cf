/** Files that a run leaves for the next: each is whole, or not there, however the run ended. */
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { replaceFile } from '@watchnext/folder-lock';

export function keepJson(file: string, value: unknown): void {
  keep(file, JSON.stringify(value));
}

export function keepValue(file: string, value: unknown): void {
  keep(file, serialize(value));
}

/** Whole under a name of this process first: runs that share a folder may come to the same at the same time. */
function keep(file: string, contents: string | Uint8Array): void {
  const own = `${file}.${process.pid}`;
  replaceFile(own, contents);
  renameSync(own, file);
}

/** undefined where there is none. A file that cannot be read is removed: a disk may have lost a part of it. */
export function keptJson(file: string): unknown {
  return kept(file, (bytes) => JSON.parse(bytes.toString()));
}

/** As `keptJson`. */
export function keptValue(file: string): unknown {
  return kept(file, deserialize);
}

function kept(file: string, parse: (bytes: Buffer) => unknown): unknown {
  if (!existsSync(file)) return undefined;
  try {
    return parse(readFileSync(file));
  } catch {
    rmSync(file, { force: true });
    return undefined;
  }
}
