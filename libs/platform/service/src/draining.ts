/**
 * The end of an HTTP service: not ready any more, while what it has in work is answered, and what comes on the connections that
 * callers keep. A balancer that takes a service out sends no new connection to it (kube-proxy, and most others by the connection) and leaves
 * those that are there: each is ended by an answer that says so, since a request on its way to one that is just being closed is lost.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** Of the 10 s that a stop may take; gRPC servers wait as long. */
const DRAIN_MS = 5_000;
/** A connection in steady use has a request sooner; what idles for longer is closed, which callers' clients expect of it. */
const QUIET_MS = 1_000;
const LOOK_EVERY_MS = 20;

/** Provided by a module, it begins before the server stops to listen. */
export class Draining implements BeforeApplicationShutdown {
  /** Until each is answered, or its caller gone. */
  private readonly inWork = new Set<FastifyReply>();
  private connectionCount = 0;
  private lastRequestAtMs = -Infinity;
  private stopping = false;

  /** @param clock milliseconds that only grow */
  constructor(private readonly clock: () => number = () => performance.now()) {}

  get isStopping(): boolean {
    return this.stopping;
  }

  /** Counts the requests and connections of a server; call before it listens. Its `return503OnClosing` is to be false. */
  watch(fastify: FastifyInstance): void {
    fastify.server.on('connection', (socket) => {
      this.connectionCount += 1;
      socket.once('close', () => (this.connectionCount -= 1));
    });
    fastify.addHook('onRequest', async (_request, reply) => {
      this.lastRequestAtMs = this.clock();
      this.inWork.add(reply);
      reply.raw.once('close', () => this.inWork.delete(reply));
      if (this.stopping) endConnectionWith(reply);
    });
  }

  /**
   * From now on the service is stopping, and each of its answers the last on its connection. It listens on: a probe is to hear so, and a
   * request that was sent meanwhile to be answered.
   * @returns fulfils when nothing is in work and no connection in use, and after `limitMs` in any case
   */
  async begin(limitMs = DRAIN_MS): Promise<void> {
    this.stopping = true;
    for (const reply of this.inWork) endConnectionWith(reply);
    const untilMs = this.clock() + limitMs;
    while (!this.isQuiet() && this.clock() < untilMs) await delay(LOOK_EVERY_MS);
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.begin();
  }

  private isQuiet(): boolean {
    if (this.inWork.size > 0) return false;
    return this.connectionCount === 0 || this.clock() - this.lastRequestAtMs >= QUIET_MS;
  }
}

function endConnectionWith(reply: FastifyReply): void {
  reply.header('connection', 'close');
}
