/** A collector on a real socket that does what a spec tells it to, request by request. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Event, EventBatch } from '@watchnext/contract';

export interface ReceivedRequest {
  readonly events: Event[];
  readonly headers: IncomingMessage['headers'];
  readonly receivedAtMs: number;
}

/** What to do with a request: answer with a status, break the connection, or never answer. */
export type Behaviour =
  | 'accept'
  | 'reset'
  | 'hang'
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string };

export class MisbehavingCollector {
  /** Requests whose body arrived whole, whatever was done with them. */
  readonly requests: ReceivedRequest[] = [];
  /** Events of requests that were accepted, in order. */
  readonly accepted: Event[] = [];
  /** Asked for each request. */
  behave: (request: ReceivedRequest) => Behaviour = () => 'accept';
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => void this.handle(request, response));
  }

  static async start(port = 0): Promise<MisbehavingCollector> {
    const collector = new MisbehavingCollector();
    await new Promise<void>((resolve) => collector.server.listen(port, '127.0.0.1', resolve));
    return collector;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Uses these in turn, then accepts. */
  behaveInTurn(...behaviours: Behaviour[]): void {
    this.behave = () => behaviours.shift() ?? 'accept';
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { events } = EventBatch.decode(Buffer.concat(chunks));
    const received = { events, headers: request.headers, receivedAtMs: Date.now() };
    this.requests.push(received);
    const behaviour =
      request.url === '/v1/events' && request.method === 'POST' ? this.behave(received) : { status: 404 };
    if (behaviour === 'hang') return;
    if (behaviour === 'reset') {
      request.socket.resetAndDestroy();
    } else if (behaviour === 'accept') {
      this.accepted.push(...events);
      const results = events.map(({ eventId }, index) => ({ index, eventId, status: 'accepted' }));
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ accepted: events.length, results }));
    } else {
      response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body ?? 'something else');
    }
  }
}
