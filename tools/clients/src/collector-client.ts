/** How far states and archive are behind what ingestion has accepted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AnswerError, JsonClient } from './json-client';

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
/** Of the refusals those of a moment: late, and too often. */
const PASSING_STATUSES = [408, 429];

export class CollectorClient extends JsonClient {
  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    super('collector', url, headers);
  }

  /** @throws AnswerError */
  lag(signal?: AbortSignal): Promise<IngestionLag> {
    return this.get('/v1/lag', signal);
  }

  /**
   * Fulfils once everything accepted is in the states and in the archive.
   * @throws StuckError; AnswerError for a request that the collector refuses, as one without a key that it knows; what `signal` has for a reason
   */
  async drained(options: DrainOptions = {}): Promise<void> {
    const { of = ['materialised', 'archived'], signal, onLag, stuckMs = STUCK_MS } = options;
    let last: IngestionLag | undefined;
    let movedAtMs = performance.now();
    for (;;) {
      signal?.throwIfAborted();
      // A collector that is being restarted does not answer; that too ends the wait only when it lasts.
      const lag = await this.lag(signal).catch(unlessRefused);
      signal?.throwIfAborted();
      if (!(lag instanceof AnswerError)) {
        onLag?.(lag);
        if (of.every((part) => lag[part] === 0)) return;
        // Less than at the last answer, not than ever: while more is accepted the lag of what moves may grow.
        const before = last;
        if (before === undefined || of.some((part) => lag[part] < before[part])) movedAtMs = performance.now();
        last = lag;
      }
      if (performance.now() - movedAtMs > stuckMs) throw stuck(stuckMs, last, of, lag);
      // Its own error has the reason for a cause alone.
      await sleep(POLL_MS, undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  }
}

/** @returns what asking again may mend. @throws AnswerError */
function unlessRefused(error: unknown): AnswerError {
  if (!(error instanceof AnswerError)) throw error;
  const { status } = error;
  if (status >= 400 && status < 500 && !PASSING_STATUSES.includes(status)) throw error;
  return error;
}

function stuck(
  stuckMs: number,
  last: IngestionLag | undefined,
  of: readonly (keyof IngestionLag)[],
  answer: IngestionLag | AnswerError,
): StuckError {
  const parts = [
    ...(last ? [`${of.reduce((sum, part) => sum + last[part], 0)} records behind`] : ['it does not answer with a lag']),
    ...(answer instanceof AnswerError ? [answer.message] : []),
  ];
  return new StuckError(`ingestion has not moved for ${stuckMs / 1_000} s (${parts.join('; ')})`);
}
