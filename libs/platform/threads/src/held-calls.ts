/** A queue before a thread's own: what waits in a thread is computed, whoever has gone; what waits here is not. */

/** One is computed and one waits there, so that the thread has work while its answer travels. */
const AT_THE_THREAD = 2;

interface Held {
  /** Cleared once it has been left: a set that calls pass through may hold on to them (docs/decisions/0134-ended-calls.md). */
  begin: (() => void) | undefined;
}

export class HeldCalls {
  private readonly waiting = new Set<Held>();
  private underWay = 0;

  /** @param limit calls under way at once */
  constructor(private readonly limit = AT_THE_THREAD) {}

  /** Calls that are not under way yet. */
  get waitingCount(): number {
    return this.waiting.size;
  }

  /**
   * Makes the call in its turn, first come, first served.
   * @param signal aborted while the call waits here, it is never made
   * @throws the signal's reason; what the call throws
   */
  run<Result>(call: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    if (this.underWay < this.limit) return this.make(call);
    return new Promise((resolve, reject) => {
      const drop = () => {
        this.leave(held);
        reject(signal!.reason as Error);
      };
      const held: Held = {
        begin: () => {
          signal?.removeEventListener('abort', drop);
          this.make(call).then(resolve, reject);
        },
      };
      signal?.addEventListener('abort', drop, { once: true });
      this.waiting.add(held);
    });
  }

  private async make<Result>(call: () => Promise<Result>): Promise<Result> {
    this.underWay++;
    try {
      return await call();
    } finally {
      this.underWay--;
      const [next] = this.waiting;
      if (next) this.leave(next)?.();
    }
  }

  /** @returns what begins the call that waited */
  private leave(held: Held): Held['begin'] {
    const { begin } = held;
    this.waiting.delete(held);
    held.begin = undefined;
    return begin;
  }
}
