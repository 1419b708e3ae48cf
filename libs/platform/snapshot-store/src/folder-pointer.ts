/**
 * A pointer that several processes move conditionally, without a lock: so there is no holder whose crash could block
 * the others.
 *
 * The pointer is a folder of numbered files, and the highest number is its present value. Who moves it from number n
 * writes the value aside and then creates number n + 1 by link(2), which is atomic and fails where that name exists.
 * The numbers double as the pointer's history: `tail -n 1 current/*` shows it.
 *
 * Old numbers are removed below the newest HISTORY_LENGTH. A mover that slept through that many moves could then find
 * its number free; it notices, since it looks at the highest number again after the link.
 */
import { randomBytes } from 'node:crypto';
import { link, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, syncPath } from '@watchnext/folder-lock';
import { errorCode, writeNewFile } from './durable-files';
import { isSnapshotId } from './layout';
import { PointerConflictError, SnapshotStoreError } from './port';

const HISTORY_LENGTH = 1_000;
const NUMBER_DIGITS = 12;
/** A proposal lives for milliseconds; one this old belongs to a process that died. */
const ABANDONED_AFTER_MS = 3_600_000;

interface PointerState {
  /** 0 before the first move. */
  readonly number: number;
  readonly value: string | undefined;
}

export class FolderPointer {
  constructor(private readonly directory: string) {}

  async read(): Promise<string | undefined> {
    return (await this.readState()).value;
  }

  /** What it named at that time, and since. */
  async namedSince(sinceMs: number): Promise<Set<string>> {
    const named = new Set<string>();
    for (const number of (await this.numbers()).reverse()) {
      const path = join(this.directory, fileName(number));
      named.add((await readFile(path, 'utf8')).trimEnd());
      if ((await stat(path)).mtimeMs < sinceMs) break;
    }
    return named;
  }

  /** @throws PointerConflictError unless the pointer is at `expected`, and stays there up to the move */
  async move(expected: string | undefined, next: string): Promise<void> {
    const state = await this.readState();
    if (state.value !== expected) throw new PointerConflictError(expected, state.value);
    makeFolder(this.directory);
    const proposal = join(this.directory, `.proposal-${randomBytes(8).toString('hex')}`);
    const target = join(this.directory, fileName(state.number + 1));
    try {
      await writeNewFile(proposal, `${next}\n`);
      await link(proposal, target);
    } catch (error) {
      if (errorCode(error) === 'EEXIST') throw new PointerConflictError(expected, await this.read());
      throw error;
    } finally {
      await rm(proposal, { force: true });
    }
    const numbers = await this.numbers();
    const highest = numbers.at(-1) ?? 0;
    if (state.number + 1 <= highest - HISTORY_LENGTH) {
      await rm(target, { force: true });
      throw new PointerConflictError(expected, await this.read());
    }
    await syncPath(this.directory);
    await this.removeOld(numbers);
  }

  private async readState(): Promise<PointerState> {
    for (;;) {
      const number = (await this.numbers()).at(-1);
      if (number === undefined) return { number: 0, value: undefined };
      try {
        const value = (await readFile(join(this.directory, fileName(number)), 'utf8')).trimEnd();
        if (isSnapshotId(value)) return { number, value };
      } catch (error) {
        // Removed between the two calls: so many moves happened meanwhile that the list is out of date.
        if (errorCode(error) === 'ENOENT') continue;
        throw error;
      }
      throw new SnapshotStoreError(
        `pointer file ${join(this.directory, fileName(number))} holds no snapshot id: remove it to go back to the one before`,
        'pointer-corrupt',
        false,
      );
    }
  }

  /** Ascending. */
  private async numbers(): Promise<number[]> {
    let names: string[];
    try {
      names = await readdir(this.directory);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return [];
      throw error;
    }
    return names
      .filter((name) => /^\d+$/.test(name) && name.length === NUMBER_DIGITS)
      .map(Number)
      .sort((a, b) => a - b);
  }

  private async removeOld(numbers: readonly number[]): Promise<void> {
    const oldest = (numbers.at(-1) ?? 0) - HISTORY_LENGTH;
    for (const number of numbers) {
      if (number <= oldest) await rm(join(this.directory, fileName(number)), { force: true });
    }
    for (const name of await readdir(this.directory)) {
      if (!name.startsWith('.proposal-')) continue;
      const path = join(this.directory, name);
      const details = await stat(path).catch(() => undefined);
      if (details && Date.now() - details.mtimeMs > ABANDONED_AFTER_MS) await rm(path, { force: true });
    }
  }
}

function fileName(number: number): string {
  return String(number).padStart(NUMBER_DIGITS, '0');
}
