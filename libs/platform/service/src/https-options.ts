/** The same certificates where services are called over HTTP: the collector by the gateway and by producers. */
import type { Server as HttpServer } from 'node:http';
import { Server as HttpsServer, type ServerOptions } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { grpcCertificates, type GrpcTlsSettings } from '@watchnext/config';
import { LineLimit } from './line-limit';
import type { Logger } from './logger';

/** How many refused callers are told of in a second: one that is wrong tries again and again. */
const REFUSALS_LOGGED_A_SECOND = 1;

/**
 * A server with these lets nobody in whose certificate the authority did not sign.
 * @returns undefined where it is to speak plain HTTP. @throws ConfigError
 */
export function httpsServerOptions(settings: GrpcTlsSettings): ServerOptions | undefined {
  const files = grpcCertificates(settings);
  return files && { ...files.current, requestCert: true, rejectUnauthorized: true };
}

/** Has a server that was made with these options take over what their files hold later, for connections to come. */
export function renewCertificates(server: HttpServer, settings: GrpcTlsSettings): void {
  const files = grpcCertificates(settings);
  if (!files || !(server instanceof HttpsServer)) return;
  const stop = files.watch({ renewed: () => server.setSecureContext({ ...files.current }) });
  server.on('close', stop);
}

/** Tells the log of callers that TLS did not let in: they themselves see a closed connection, and no reason. */
export function logRefusedCallers(server: HttpServer, logger: Logger): void {
  const lines = new LineLimit(REFUSALS_LOGGED_A_SECOND, (count) =>
    logger.warn({ count }, 'did not let further callers in: TLS failed'),
  );
  server.on('tlsClientError', ({ code }: NodeJS.ErrnoException, socket: TLSSocket) => {
    if (!lines.take()) return;
    // It is closed already, and tells its address no more.
    const { authorizationError } = socket;
    const reason = authorizationError ? String(authorizationError) : code;
    logger.warn({ reason }, 'did not let a caller in: TLS failed');
  });
}
