/** Files that a run leaves for the next: each is whole, or not there, however the run ended. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';

export function keepText(file: string, text: string): void {
  keep(file, text);
}

export function keepValue(file: string, value: unknown): void {
  keep(file, serialize(value));
}

/** undefined where there is none. A file that cannot be read is removed: a disk may have lost a part of it. */
export function keptValue(file: string): unknown {
  if (!existsSync(file)) return undefined;
  try {
    return deserialize(readFileSync(file));
  } catch {
    rmSync(file, { force: true });
    return undefined;
  }
}

function keep(file: string, contents: string | Uint8Array): void {
  writeFileSync(`${file}.new`, contents);
  renameSync(`${file}.new`, file);
}
