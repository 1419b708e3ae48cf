/**
 * Certificates in files that are renewed while the program runs: what mounts them (a Secret of cert-manager) swaps them every few
 * weeks, and connections that are opened then use the new ones. Those that stand go on.
 *
 * What the files hold is looked at, and neither events nor times: a mounted Secret is swapped through links, of which events tell
 * little. The files are read one after the other, perhaps amid a swap: what does not fit together is not taken, and looked at again.
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { CertificateError, type CertificateRole, type Certificates, requireUsable, requireValid } from './certificates';
import { ConfigError } from './load-config';

/** Three small files at most: a look takes a fraction of a millisecond. */
const LOOK_INTERVAL_MS = 1_000;

interface CertificateWatcher {
  readonly renewed?: () => void;
  /** For each look that found what cannot be used. @param problem names the setting whose file it is, never what is in it */
  readonly refused?: (problem: string) => void;
}

export class CertificateFiles<Held extends Certificates = Certificates> {
  private held: Held;
  private readonly paths: readonly (readonly [CertificateRole, string])[];
  private readonly watchers = new Set<CertificateWatcher>();
  private isLooking = false;

  /**
   * @param prefix of the settings' names: WATCHNEXT_GRPC_TLS of WATCHNEXT_GRPC_TLS_CA_FILE
   * @param paths those that are undefined are left out
   * @throws ConfigError for a file that cannot be read, or not be used with the others
   */
  constructor(
    readonly prefix: string,
    paths: { readonly [Role in keyof Held]: string | undefined },
  ) {
    this.paths = (Object.entries(paths) as [CertificateRole, string | undefined][]).flatMap(([role, path]) =>
      path === undefined ? [] : [[role, path] as const],
    );
    try {
      this.held = this.heldOf(this.paths.map(([role, path]) => readNow(role, path)));
      requireUsable(this.held);
    } catch (error) {
      throw new ConfigError([this.problemOf(error as CertificateError)]);
    }
    // Never stopped: files that settings name are those of the process.
    if (this.paths.length > 0) setInterval(() => void this.look(), LOOK_INTERVAL_MS).unref();
  }

  /** What to use now; another object once they are renewed. */
  get current(): Held {
    return this.held;
  }

  /**
   * @returns an object that has at any time the certificates to use, and `others`: for clients that are given one once, and read it
   *   for each connection. A copy of it would stay as it is.
   */
  follow<Others extends object>(others: Others): Held & Others {
    const followed = { ...others, ...this.held };
    this.watch({ renewed: () => void Object.assign(followed, this.held) });
    return followed;
  }

  /** @returns ends it */
  watch(watcher: CertificateWatcher): () => void {
    this.watchers.add(watcher);
    return () => void this.watchers.delete(watcher);
  }

  /** Never rejects. */
  private async look(): Promise<void> {
    // Where the volume hangs, looks would pile up.
    if (this.isLooking) return;
    this.isLooking = true;
    const before = this.held;
    const problem = await this.renew().then(
      () => undefined,
      (error: unknown) => this.problemOf(error as CertificateError),
    );
    this.isLooking = false;
    for (const { renewed, refused } of this.watchers) {
      if (problem !== undefined) refused?.(problem);
      else if (this.held !== before) renewed?.();
    }
  }

  /** @throws CertificateError for what cannot be used: what is held stays */
  private async renew(): Promise<void> {
    const found = await Promise.all(this.paths.map(([role, path]) => read(role, path)));
    if (this.paths.every(([role], index) => this.held[role]?.equals(found[index] as Buffer))) return;
    const next = this.heldOf(found);
    requireUsable(next);
    requireValid(next, Date.now());
    this.held = next;
  }

  private heldOf(contents: readonly Buffer[]): Held {
    return Object.fromEntries(this.paths.map(([role], index) => [role, contents[index]])) as unknown as Held;
  }

  private problemOf({ role, message }: CertificateError): string {
    return `${this.prefix}_${role.toUpperCase()}_FILE: ${message}`;
  }
}

function readNow(role: CertificateRole, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw unreadable(role, error);
  }
}

function read(role: CertificateRole, path: string): Promise<Buffer> {
  return readFile(path).catch((error: unknown) => Promise.reject(unreadable(role, error)));
}

function unreadable(role: CertificateRole, error: unknown): CertificateError {
  return new CertificateError(role, `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
}
