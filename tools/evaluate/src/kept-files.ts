/** Files that a run leaves for the next: each is whole, or not there, however the run ended. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { replaceFile } from '@watchnext/folder-lock';

export function keepJson(file: string, value: unknown): void {
  replaceFile(file, JSON.stringify(value));
}

export function keepValue(file: string, value: unknown): void {
  replaceFile(file, serialize(value));
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
