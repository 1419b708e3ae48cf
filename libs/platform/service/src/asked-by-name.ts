/**
 * Whoever owns a name may let it lead here (DNS rebinding): a browser would take what is here for theirs, and give their page all that is
 * open to who sits at it. Addresses and `localhost` are nobody's to lead elsewhere.
 */
import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

type Asked = Pick<FastifyRequest, 'headers'>;

const LOOPBACK = /^(127\.|::1$|localhost$)/;

/** Whether what listens there is reached from this machine alone. @param host as in WATCHNEXT_HOST */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/** Whether the request names this machine by an address, or as `localhost`. */
export function isAskedByAddress({ headers }: Asked): boolean {
  const address = `http://${headers.host ?? ''}`;
  const hostname = URL.canParse(address) ? new URL(address).hostname : '';
  return /(^|\.)localhost$/.test(hostname) || isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0;
}

/**
 * Whether a page may have sent the request. Pages say where they come from when they write; programs do not, and may write under any name.
 * A read says nothing of either, so each may be a page's; where only this machine asks, programs have its addresses.
 *
 * @param listenHost what the service listens on, as in WATCHNEXT_HOST
 */
export function mayBeOfPage({ headers, method }: Asked & Pick<FastifyRequest, 'method'>, listenHost: string): boolean {
  const isRead = method === 'GET' || method === 'HEAD';
  return headers.origin !== undefined || (isRead && isLoopback(listenHost));
}
