/** The HTTP of services for probes and Prometheus alone, on a port of its own. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from './logger';
import type { MetricsRegistry } from './metrics';

/** What /readyz answers: 200 for the first, 503 for the others. */
export type ReadyState = 'ready' | 'not ready' | `not ready: ${string}` | 'stopping';

export interface ProbeSettings {
  readonly WATCHNEXT_HOST: string;
  /** Undefined: probes have no port of their own. */
  readonly WATCHNEXT_METRICS_PORT?: number | undefined;
}

export interface Probed {
  readonly metrics: Pick<MetricsRegistry, 'render'>;
  readonly readyState: () => ReadyState;
  /** Names of what only a restart may help; with any, /livez answers 503. Default: none ever. */
  readonly dead?: () => readonly string[];
}

export interface ProbeServer {
  /** The port bound, for a requested port of 0. */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Answers GET /metrics, /livez and /readyz in the clear, for services that speak no HTTP otherwise, or only to who has a certificate:
 * probes have none.
 * @returns undefined where the settings name no port
 */
export async function serveProbes(
  { WATCHNEXT_HOST: host, WATCHNEXT_METRICS_PORT: port }: ProbeSettings,
  { metrics, readyState, dead = () => [] }: Probed,
  logger: Logger,
): Promise<ProbeServer | undefined> {
  if (port === undefined) return undefined;
  const server = createServer((request, response) => {
    if (request.method === 'GET' && request.url === '/metrics') {
      response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
      response.end(metrics.render());
    } else if (request.method === 'GET' && request.url === '/livez') {
      const parts = dead();
      response.statusCode = parts.length === 0 ? 200 : 503;
      response.end(parts.length === 0 ? 'alive' : `no sign of life: ${parts.join(', ')}`);
    } else if (request.method === 'GET' && request.url === '/readyz') {
      const state = readyState();
      response.statusCode = state === 'ready' ? 200 : 503;
      response.end(state);
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  logger.info({ port: bound }, 'metrics listening');
  return {
    port: bound,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
