/** The producers that may send, as the key file says now: read again when it changes, and on SIGHUP. */
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { Logger } from '@watchnext/service';
import { type ApiKey, findKey, parseKeyFile } from './api-keys';
import { TokenBucket } from './token-bucket';

/** Polled: a mounted secret is swapped through links, of which file events tell little. */
const CHECK_INTERVAL_MS = 1_000;

/** One producer and what it has used of its limits. */
export class Caller {
  private readonly events: TokenBucket | undefined;
  private readonly bytes: TokenBucket | undefined;

  constructor(
    readonly name: string,
    readonly limits: Pick<ApiKey, 'eventsPerSecond' | 'bytesPerSecond'>,
    clock: () => number,
  ) {
    this.events = limits.eventsPerSecond === undefined ? undefined : new TokenBucket(limits.eventsPerSecond, clock);
    this.bytes = limits.bytesPerSecond === undefined ? undefined : new TokenBucket(limits.bytesPerSecond, clock);
  }

  /** @returns seconds to wait; 0: taken */
  takeEvents(count: number): number {
    return this.events?.take(count) ?? 0;
  }

  /** @returns seconds to wait; 0: taken */
  takeBytes(count: number): number {
    return this.bytes?.take(count) ?? 0;
  }
}

/** The producer of a key that was sent, and what this very key is for. */
export interface KnownKey {
  readonly caller: Caller;
  /** What may be sent under it; undefined: every kind of event. */
  readonly kinds: ReadonlySet<string> | undefined;
}

export class KeyRing {
  private keys: readonly ApiKey[] = [];
  private callers = new Map<string, Caller>();
  private readonly onHangUp = () => this.reload();

  /** @throws KeyFileError, or what reading the file throws: no process starts without the keys it was told to ask for */
  constructor(
    private readonly file: string,
    private readonly logger: Logger,
    private readonly clock: () => number = Date.now,
  ) {
    this.read();
    watchFile(file, { interval: CHECK_INTERVAL_MS, persistent: false }, this.onHangUp);
    process.on('SIGHUP', this.onHangUp);
  }

  /** @returns undefined for an unknown key */
  find(sentKey: string): KnownKey | undefined {
    const key = findKey(this.keys, sentKey);
    const caller = key && this.callers.get(key.name);
    return caller && { caller, kinds: key.kinds && new Set(key.kinds) };
  }

  close(): void {
    unwatchFile(this.file, this.onHangUp);
    process.off('SIGHUP', this.onHangUp);
  }

  private reload(): void {
    try {
      this.read();
      this.logger.info({ producers: [...this.callers.keys()] }, 'API keys read again');
    } catch (err) {
      this.logger.error({ err }, 'API keys could not be read again: those known before stay in force');
    }
  }

  private read(): void {
    const keys = parseKeyFile(readFileSync(this.file, 'utf8'));
    const before = this.callers;
    this.callers = new Map();
    for (const { name, eventsPerSecond, bytesPerSecond } of keys) {
      const known = before.get(name);
      const isSame =
        known?.limits.eventsPerSecond === eventsPerSecond && known?.limits.bytesPerSecond === bytesPerSecond;
      // What was used of an unchanged limit stays used.
      const caller = known && isSame ? known : new Caller(name, { eventsPerSecond, bytesPerSecond }, this.clock);
      if (!this.callers.has(name)) this.callers.set(name, caller);
    }
    this.keys = keys;
  }
}
