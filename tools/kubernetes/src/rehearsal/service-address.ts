/** A Service's one address: each new connection goes to the next of the pods that are ready. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface Endpoint {
  readonly port: number;
  readonly isEndpoint: boolean;
}

export class ServiceAddress {
  private turn = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
    private endpoints: readonly Endpoint[],
  ) {}

  static async open(): Promise<ServiceAddress> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = new ServiceAddress(server, (server.address() as { port: number }).port, []);
    server.on('connection', (socket) => address.pass(socket));
    return address;
  }

  /** Which pods there are. */
  use(endpoints: readonly Endpoint[]): void {
    this.endpoints = endpoints;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private pass(socket: Socket): void {
    const ready = this.endpoints.filter(({ isEndpoint }) => isEndpoint);
    const next = ready[this.turn++ % ready.length];
    if (!next) return void socket.destroy();
    const onward = connect(next.port, '127.0.0.1');
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      this.sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => (this.sockets.delete(one), other.destroy()));
      one.pipe(other);
    }
  }
}
