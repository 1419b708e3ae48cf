/**
 * A TCP proxy that makes the network bad on demand: slow, narrow, half-open, resetting, refusing. What it does can be
 * changed at any time and holds for open connections too.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface DirectionFault {
  /** Every chunk is passed on this much later. */
  readonly delayMs?: number;
  /** At most so many bytes a second, over each connection. */
  readonly bytesPerSecond?: number;
  /** One bit of every chunk is turned around on its way. */
  readonly corrupt?: boolean;
  /** Nothing is passed on, and nothing lost: the sender's bytes wait here until this is switched off. */
  readonly hang?: boolean;
}

export interface Faults {
  /** From the client to the server. */
  readonly upstream?: DirectionFault;
  /** From the server to the client. */
  readonly downstream?: DirectionFault;
  /** New connections are reset at once. */
  readonly refuse?: boolean;
}

/** A connection's one direction. */
interface Pipe {
  readonly from: Socket;
  readonly to: Socket;
  readonly queue: { readonly chunk: Buffer; readonly dueMs: number }[];
  timer: NodeJS.Timeout | undefined;
  ended: boolean;
  fault(): DirectionFault;
}

interface Connection {
  readonly client: Socket;
  readonly server: Socket;
  readonly pipes: readonly Pipe[];
}

/** What holds for a connection that the network has forgotten. */
const FORGOTTEN: Faults = { upstream: { hang: true }, downstream: { hang: true } };

/** With a bandwidth limit, bytes go out in slices of this length of time. */
const SLICE_MS = 20;

export class FaultProxy {
  private faults: Faults = {};
  private readonly connections = new Set<Connection>();
  private readonly forgotten = new WeakSet<Connection>();

  private constructor(private readonly server: Server) {}

  /** Listens on a free port of 127.0.0.1 and passes everything on to `targetPort` there. */
  static async start(targetPort: number): Promise<FaultProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const proxy = new FaultProxy(server);
    server.on('connection', (client) => proxy.accept(client, targetPort));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get connectionCount(): number {
    return this.connections.size;
  }

  /** Replaces all faults; `{}` heals the network. */
  set(faults: Faults): void {
    this.faults = faults;
    for (const { pipes } of this.connections) for (const pipe of pipes) this.pump(pipe);
  }

  /** Open connections stay open and carry nothing ever again, as after a firewall's restart; new ones work. */
  forget(): void {
    for (const connection of this.connections) this.forgotten.add(connection);
  }

  /** Both ends of every open connection get a reset. @returns how many connections that are */
  reset(): number {
    const connections = [...this.connections];
    for (const connection of connections) this.close(connection);
    return connections.length;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.reset();
    await closed;
  }

  private accept(client: Socket, targetPort: number): void {
    client.on('error', () => undefined);
    if (this.faults.refuse) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const pipes: Pipe[] = [];
    const connection: Connection = { client, server, pipes };
    const faults = () => (this.forgotten.has(connection) ? FORGOTTEN : this.faults);
    pipes.push(
      this.pipe(client, server, () => faults().upstream ?? {}),
      this.pipe(server, client, () => faults().downstream ?? {}),
    );
    this.connections.add(connection);
    server.on('error', () => this.close(connection));
    client.on('error', () => this.close(connection));
    const onClose = () => {
      if (client.destroyed && server.destroyed) this.connections.delete(connection);
    };
    client.on('close', onClose);
    server.on('close', onClose);
  }

  private pipe(from: Socket, to: Socket, fault: () => DirectionFault): Pipe {
    const pipe: Pipe = { from, to, queue: [], timer: undefined, ended: false, fault };
    from.on('data', (chunk: Buffer) => {
      if (fault().corrupt) damage(chunk);
      pipe.queue.push({ chunk, dueMs: Date.now() + (fault().delayMs ?? 0) });
      // The sender is held up by its own full buffers, as by a real network.
      if (fault().hang || pipe.queue.length > 16) from.pause();
      this.pump(pipe);
    });
    from.on('end', () => {
      pipe.ended = true;
      this.pump(pipe);
    });
    to.on('drain', () => this.pump(pipe));
    return pipe;
  }

  /** Passes on what may go now, and comes back for the rest. */
  private pump(pipe: Pipe): void {
    clearTimeout(pipe.timer);
    pipe.timer = undefined;
    const { from, to, queue } = pipe;
    const { hang, bytesPerSecond } = pipe.fault();
    if (hang || to.destroyed) return;
    for (let head = queue[0]; head; head = queue[0]) {
      const waitMs = head.dueMs - Date.now();
      if (waitMs > 0) return this.later(pipe, waitMs);
      queue.shift();
      const share =
        bytesPerSecond === undefined ? head.chunk.length : Math.max(1, Math.floor((bytesPerSecond * SLICE_MS) / 1_000));
      if (head.chunk.length > share) queue.unshift({ chunk: head.chunk.subarray(share), dueMs: head.dueMs });
      const flowing = to.write(head.chunk.subarray(0, share));
      if (bytesPerSecond !== undefined) return this.later(pipe, SLICE_MS);
      if (!flowing) return;
    }
    if (pipe.ended) to.end();
    else from.resume();
  }

  private later(pipe: Pipe, waitMs: number): void {
    pipe.timer = setTimeout(() => this.pump(pipe), waitMs);
  }

  private close(connection: Connection): void {
    for (const { timer } of connection.pipes) clearTimeout(timer);
    for (const socket of [connection.client, connection.server]) reset(socket);
    this.connections.delete(connection);
  }
}

/** In the middle: beyond headers, where there are any. */
function damage(chunk: Buffer): void {
  const middle = chunk.length >>> 1;
  chunk[middle] = (chunk[middle] as number) ^ 0x10;
}

/**
 * Node cannot reset a socket whose end is just being sent: libuv refuses it, Node counts the socket as closed all the
 * same, and the process then never ends, waiting for it. Such a socket is closed in the ordinary way.
 */
function reset(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
