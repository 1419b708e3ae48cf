/** Whether whoever asked over HTTP still waits for the answer. */
import type { FastifyReply } from 'fastify';

/**
 * Calls once the answer is out or the connection closed, and at once where it is so already: whoever comes after something
 * that was awaited would wait for an event that has been.
 */
export function onceClosed(raw: FastifyReply['raw'], onClosed: () => void): void {
  if (raw.closed) onClosed();
  else raw.once('close', onClosed);
}

/** What nginx calls it: the caller closed the connection before the answer was out. */
const CALLER_GONE_STATUS = 499;

/** What the server says itself, and closes the connection with, where a body does not come within `requestTimeout`. */
const TOO_SLOW_STATUS = 408;

/** @returns the status of a request whose connection closed before its answer was out */
function statusWithoutAnswer({ req }: FastifyReply['raw']): number {
  // Fastify's handler of the server's `clientError` destroys the socket with the error.
  const error: NodeJS.ErrnoException | null = req.socket.errored;
  return error?.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? TOO_SLOW_STATUS : CALLER_GONE_STATUS;
}

/**
 * Calls once the request is over, with the status that the caller got; 499 where it left before. Fastify's `onResponse` comes only
 * for answers that went out, so what it counts lacks the requests that took longer than anyone waits.
 */
export function onceOver({ raw }: FastifyReply, onOver: (status: number) => void): void {
  onceClosed(raw, () => onOver(raw.writableFinished ? raw.statusCode : statusWithoutAnswer(raw)));
}

/** Aborted, with the reason that is made then, when the connection closes before the answer is out. */
export function callerGoneSignal({ raw }: FastifyReply, reason: () => Error): AbortSignal {
  const gone = new AbortController();
  onceClosed(raw, () => {
    if (!raw.writableFinished) gone.abort(reason());
  });
  return gone.signal;
}
