/** A bound on the bodies that a service has in memory at once, kept before they are read. */
import type { FastifyRequest } from 'fastify';

export class InFlightBytes {
  private held = 0;

  /** @param maxBytes together; one body is let in whatever its size */
  constructor(private readonly maxBytes: number) {}

  /** Bytes that count now. */
  get count(): number {
    return this.held;
  }

  /** @returns what gives them back, to be called once; undefined where they are too many now */
  take(bytes: number): (() => void) | undefined {
    if (this.held > 0 && this.held + bytes > this.maxBytes) return undefined;
    this.held += bytes;
    return () => (this.held -= bytes);
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
