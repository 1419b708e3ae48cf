/** How far states and archive are behind what ingestion has accepted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { JsonClient } from './json-client';

/** In records. */
export interface IngestionLag {
  readonly materialised: number;
  readonly archived: number;
}

export interface DrainOptions {
  /** Default: both. */
  readonly of?: readonly (keyof IngestionLag)[];
  readonly signal?: AbortSignal;
  /** For each answer. */
  readonly onLag?: (lag: IngestionLag) => void;
  /** As long as it moves, however slowly, it is waited for. */
  readonly stuckMs?: number;
}

/** Nothing moves any more. */
export class StuckError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StuckError';
  }
}

const POLL_MS = 100;
const STUCK_MS = 60_000;

export class CollectorClient extends JsonClient {
  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    super('collector', url, headers);
  }

  /** @throws AnswerError */
  lag(signal?: AbortSignal): Promise<IngestionLag> {
    return this.get('/v1/lag', signal);
  }

  /** Fulfils once everything accepted is in the states and in the archive. @throws StuckError, and what `signal` has for a reason */
  async drained(options: DrainOptions = {}): Promise<void> {
    const { of = ['materialised', 'archived'], signal, onLag, stuckMs = STUCK_MS } = options;
    let best = Infinity;
    let movedAtMs = performance.now();
    for (;;) {
      signal?.throwIfAborted();
      // A collector that is being restarted does not answer; that too ends the wait only when it lasts.
      const lag = await this.lag(signal).catch(() => undefined);
      signal?.throwIfAborted();
      if (lag !== undefined) {
        onLag?.(lag);
        const left = of.reduce((sum, part) => sum + lag[part], 0);
        if (left === 0) return;
        if (left < best) [best, movedAtMs] = [left, performance.now()];
      }
      if (performance.now() - movedAtMs > stuckMs) {
        const how = best === Infinity ? 'it does not answer' : `${best} records behind`;
        throw new StuckError(`ingestion has not moved for ${stuckMs / 1_000} s (${how})`);
      }
      // Its own error has the reason for a cause alone.
      await sleep(POLL_MS, undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  }
}
