/**
 * Copies of remote files on local disk, up to a bound: the ones used longest ago go first, those in use stay. A folder
 * for one process at a time; what an earlier process left in it is used again.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

export interface WantedFile {
  /** Names these bytes for ever: other bytes have another key. */
  readonly key: string;
  readonly sizeBytes: number;
}

const PARTIAL_SUFFIX = '.partial';

export class FileCache {
  private readonly uses = new Map<string, number>();
  private readonly fetching = new Map<string, Promise<void>>();
  private readonly removing = new Map<string, Promise<void>>();

  constructor(
    private readonly directory: string,
    private readonly limitBytes: number,
  ) {}

  /**
   * Room first, so that the bound holds while files arrive; files that are larger than the bound together are there
   * together all the same, since they are needed together.
   */
  async makeRoom(files: readonly WantedFile[]): Promise<void> {
    await this.makeFolder();
    const wanted = new Set(files.map(({ key }) => nameOf(key)));
    const entries: { name: string; sizeBytes: number; usedAtMs: number }[] = [];
    for (const name of await readdir(this.directory)) {
      const details = await stat(join(this.directory, name)).catch(() => undefined);
      if (details) entries.push({ name, sizeBytes: details.size, usedAtMs: details.mtimeMs });
    }
    const present = new Set(entries.map(({ name }) => name));
    let total = files.reduce((sum, { key, sizeBytes }) => sum + (present.has(nameOf(key)) ? 0 : sizeBytes), 0);
    total += entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const oldestFirst = entries.filter(({ name }) => !wanted.has(name) && !this.uses.has(copyOf(name)));
    oldestFirst.sort((a, b) => a.usedAtMs - b.usedAtMs);
    for (const { name, sizeBytes } of oldestFirst) {
      if (total <= this.limitBytes) return;
      if (await this.removeUnused(name)) total -= sizeBytes;
    }
  }

  /**
   * The path of a file's copy, which stays until `release`. A copy that fails `verify` is fetched again, once.
   * @throws what `download` and `verify` throw; then it is not kept
   */
  async acquire(
    file: WantedFile,
    download: (path: string) => Promise<void>,
    verify: ((path: string) => Promise<void>) | undefined,
    verifyNew: (path: string) => Promise<void>,
  ): Promise<string> {
    await this.makeFolder();
    const name = nameOf(file.key);
    const path = join(this.directory, name);
    this.uses.set(name, (this.uses.get(name) ?? 0) + 1);
    try {
      await this.removing.get(name)?.catch(() => undefined);
      await this.fetching.get(name);
      if (await isThere(path, verify)) {
        await utimes(path, new Date(), new Date());
        return path;
      }
      // Who asked at the same time may have begun while the copy was looked for.
      await (this.fetching.get(name) ?? this.fetch(name, download, verifyNew));
      return path;
    } catch (error) {
      this.release(file);
      throw error;
    }
  }

  /** Removes a copy that nobody uses. */
  async forget({ key }: Pick<WantedFile, 'key'>): Promise<void> {
    await this.removeUnused(nameOf(key));
  }

  release({ key }: Pick<WantedFile, 'key'>): void {
    const name = nameOf(key);
    const uses = (this.uses.get(name) ?? 1) - 1;
    if (uses > 0) this.uses.set(name, uses);
    else this.uses.delete(name);
  }

  private fetch(
    name: string,
    download: (path: string) => Promise<void>,
    verify: (path: string) => Promise<void>,
  ): Promise<void> {
    const fetch = this.fetchInto(join(this.directory, name), download, verify).finally(() =>
      this.fetching.delete(name),
    );
    this.fetching.set(name, fetch);
    return fetch;
  }

  private async fetchInto(
    path: string,
    download: (path: string) => Promise<void>,
    verify: (path: string) => Promise<void>,
  ): Promise<void> {
    const partial = `${path}${PARTIAL_SUFFIX}`;
    try {
      await download(partial);
      await verify(partial);
      await rename(partial, path);
    } catch (error) {
      await rm(partial, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Who asks for it meanwhile waits, and fetches it again.
   * @param name of a copy, or of what was to be one
   * @returns whether it is gone
   */
  private async removeUnused(name: string): Promise<boolean> {
    const copy = copyOf(name);
    if (this.uses.has(copy)) return false;
    const earlier = this.removing.get(copy)?.catch(() => undefined);
    const removal = Promise.resolve(earlier).then(() => rm(join(this.directory, name), { force: true }));
    this.removing.set(copy, removal);
    await removal.finally(() => {
      if (this.removing.get(copy) === removal) this.removing.delete(copy);
    });
    return true;
  }

  /** Each time: a folder that could not be made, or is gone, may be one that can be made by now. */
  private async makeFolder(): Promise<void> {
    await mkdir(this.directory, { recursive: true });
  }
}

async function isThere(path: string, verify: ((path: string) => Promise<void>) | undefined): Promise<boolean> {
  try {
    await stat(path);
    await verify?.(path);
    return true;
  } catch {
    return false;
  }
}

const copyOf = (name: string) => name.replace(PARTIAL_SUFFIX, '');

/** Keys may be longer than a file's name may be. */
function nameOf(key: string): string {
  return `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.parquet`;
}
