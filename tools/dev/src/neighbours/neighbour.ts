/** Servers that answer in the place of an app's neighbours. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { createLogger, GrpcServer, unaryHandler } from '@watchnext/service';

const HOST = '127.0.0.1';
const logger = createLogger('recorded', { level: 'error', format: 'json' });

export interface Neighbour {
  readonly name: string;
  /** host:port */
  readonly address: string;
  close(): Promise<void>;
}

export async function serveGrpc<Request, Response>(
  name: string,
  service: ServiceDefinition,
  method: string,
  answer: (request: Request) => Response,
): Promise<Neighbour> {
  const handler = unaryHandler(logger, method, async (request: Request) => answer(request));
  const server = new GrpcServer(logger, name, service, { [method]: handler });
  const port = await server.listen(HOST, 0);
  server.setServing(true);
  return { name, address: `${HOST}:${port}`, close: () => server.close() };
}

/** A collector that accepts every event, as the recorded one did, and does nothing with it. */
export async function serveAcceptingCollector(): Promise<Neighbour> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const ids = eventIdsOf(Buffer.concat(parts));
      const results = ids.map((eventId, index) => ({ index, eventId, status: 'accepted' }));
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ accepted: results.length, results }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  return {
    name: 'ingestion',
    address: `${HOST}:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The page sends JSON. */
function eventIdsOf(body: Buffer): string[] {
  try {
    const { events } = JSON.parse(body.toString('utf8')) as { events: { eventId: string }[] };
    return events.map(({ eventId }) => eventId);
  } catch {
    return [];
  }
}
