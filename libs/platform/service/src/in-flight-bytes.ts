/**
 * A bound on the bodies that a service has in memory at once. What has come of them counts, not what their requests promise: a
 * connection that sends a head and then nothing costs nothing, and takes no room from others.
 */
import { Transform } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from './api-error';

/** A body as it comes, until its request has its answer. */
export interface BodyInFlight {
  /** @returns false where these bytes are too many beside those of others, or the body was given back: it is to be refused */
  grow(bytes: number): boolean;
  /** Counts no longer; more than once is as once. */
  giveBack(): void;
}

export class InFlightBytes {
  private held = 0;

  /** @param maxBytes together; one body is let in whatever its size */
  constructor(private readonly maxBytes: number) {}

  /** Bytes that count now. */
  get count(): number {
    return this.held;
  }

  /**
   * A body that is about to come: nothing of it counts yet.
   * @param promisedBytes what there must be room for now: who has no room for a body should not begin to read it
   * @returns undefined where there is none
   */
  begin(promisedBytes: number): BodyInFlight | undefined {
    if (!this.hasRoom(promisedBytes, 0)) return undefined;
    let own = 0;
    let isOver = false;
    return {
      grow: (bytes) => {
        if (isOver || !this.hasRoom(bytes, own)) return false;
        own += bytes;
        this.held += bytes;
        return true;
      },
      giveBack: () => {
        isOver = true;
        this.held -= own;
        own = 0;
      },
    };
  }

  private hasRoom(bytes: number, own: number): boolean {
    return this.held === own || this.held + bytes <= this.maxBytes;
  }
}

/**
 * The bytes of a body as its request declares them, at most `maxBytes`: more is refused by an error of its own, unread. A body that
 * does not say its length may have them all.
 */
export function declaredBytes({ headers }: Pick<FastifyRequest, 'headers'>, maxBytes: number): number {
  const declared = Number(headers['content-length']);
  return Number.isFinite(declared) ? Math.min(declared, maxBytes) : maxBytes;
}

/**
 * Counts bodies as a server reads them, and ends the reading of one that is too much. Where no route is, none is read: 404 at once.
 * @param bodyOf the one of a request, begun by a hook before; undefined where it does not count
 */
export function countBodies(
  fastify: FastifyInstance,
  bodyOf: (request: FastifyRequest) => BodyInFlight | undefined,
  refusal: () => Error,
): void {
  fastify.addHook('onRequest', async (request) => {
    if (request.is404 && hasBody(request))
      throw new ApiError(404, 'not-found', `Cannot ${request.method} ${request.url}`);
  });
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    const body = bodyOf(request);
    if (body === undefined) return done(null, payload);
    const counter = new Transform({
      transform: (chunk: Buffer, _encoding, passOn) => {
        if (body.grow(chunk.length)) return passOn(null, chunk);
        // At once, not with the connection: what it gives back may be what others need.
        body.giveBack();
        passOn(refusal());
      },
    });
    // Not by `pipeline`: that would end the connection with the reading, before the answer is out.
    payload.once('error', (error) => counter.destroy(error));
    // A body may come that nobody listens to: of a type that no parser takes, or the rest of one that was too long. It has had its answer.
    counter.on('error', () => undefined);
    reply.raw.once('close', () => {
      payload.unpipe(counter);
      // Or the connection's next request would wait behind it.
      payload.resume();
    });
    done(null, payload.pipe(counter));
  });
}

export const hasBody = ({ headers }: Pick<FastifyRequest, 'headers'>): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
