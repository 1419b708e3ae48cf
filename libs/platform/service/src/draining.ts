/** The end of an HTTP service: not ready any more, while what it has in work is answered. */
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

/** Of the 10 s that a stop may take; gRPC servers wait as long. */
const DRAIN_MS = 5_000;

export class Draining {
  /** Until each is answered, or its caller gone. */
  private readonly inWork = new Set<Promise<void>>();
  private stopping = false;

  get isStopping(): boolean {
    return this.stopping;
  }

  /** Counts the requests of a server; call before it listens. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', async (_request, reply) => {
      const over = new Promise<void>((resolve) => reply.raw.once('close', resolve)).then(() => {
        this.inWork.delete(over);
      });
      this.inWork.add(over);
    });
  }

  /**
   * From now on the service is stopping. It listens on: a probe is to hear so, and a request that a balancer sent meanwhile to be answered.
   * @returns fulfils when the requests in work at the call are answered, and after `limitMs` in any case
   */
  async begin(limitMs = DRAIN_MS): Promise<void> {
    this.stopping = true;
    const tooLate = new AbortController();
    await Promise.race([
      Promise.all(this.inWork),
      delay(limitMs, undefined, { signal: tooLate.signal }).catch(() => undefined),
    ]);
    tooLate.abort();
  }
}
