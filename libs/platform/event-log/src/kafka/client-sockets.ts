/**
 * The connections of one kafkajs client, so that those that went silent can be closed.
 *
 * kafkajs 2.2.4 gives up a request without an answer but goes on using its connection, which on a half-open network
 * fails every later request as well; and it never gives up a SASL exchange, nor notices one that is reset. All three
 * become what it handles well: a connection that the broker closed (the socket's "end").
 */
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';

const KEEP_ALIVE_MS = 30_000;
const CHECKS_PER_LIMIT = 4;

interface Watched {
  readonly socket: Socket;
  readonly broker: string;
  connected: boolean;
  bytesRead: number;
  /** Bytes written when the last answer was seen: more than these wait for one. */
  bytesAnswered: number;
  waitingSinceMs: number | undefined;
}

export class ClientSockets {
  private readonly open = new Set<Watched>();
  private readonly timer: NodeJS.Timeout;
  private closed = false;

  /** @param silenceLimitMs a connection that owes an answer for longer is closed */
  constructor(private readonly silenceLimitMs: number) {
    this.timer = setInterval(() => this.check(), Math.max(50, silenceLimitMs / CHECKS_PER_LIMIT)).unref();
  }

  readonly factory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
    if (this.closed) throw new Error('this client is closed');
    const servername = isIP(host) === 0 ? { servername: host } : {};
    // Copied now, for this connection: certificates may have been renewed since the last.
    const socket = ssl
      ? connectTls({ host, port, ...servername, ...ssl }, onConnect)
      : connect({ host, port }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS).setNoDelay(true);
    const watched: Watched = {
      socket,
      broker: `${host}:${port}`,
      connected: false,
      bytesRead: 0,
      bytesAnswered: 0,
      waitingSinceMs: undefined,
    };
    this.open.add(watched);
    socket.once(ssl ? 'secureConnect' : 'connect', () => {
      Object.assign(watched, { connected: true, bytesRead: socket.bytesRead, bytesAnswered: socket.bytesWritten });
      socket.once('error', () => socket.emit('end'));
    });
    socket.once('close', () => this.open.delete(watched));
    return socket;
  };

  /** Closes the connections to a broker ("host:port"); their requests fail at once. */
  drop(broker: string): void {
    for (const watched of this.open) if (watched.broker === broker) this.end(watched);
  }

  /** Closes everything; the client can open no more connections. */
  destroy(): void {
    this.closed = true;
    clearInterval(this.timer);
    for (const watched of this.open) this.end(watched);
  }

  private end(watched: Watched): void {
    this.open.delete(watched);
    if (watched.connected) watched.socket.emit('end');
    // kafkajs waits out its connection time-out unless it is told.
    watched.socket.destroy(watched.connected ? undefined : new Error('this client is closed'));
  }

  private check(): void {
    const now = performance.now();
    for (const watched of this.open) {
      // Until then kafkajs's own connection time-out holds.
      if (!watched.connected) continue;
      const { bytesRead, bytesWritten } = watched.socket;
      if (bytesRead !== watched.bytesRead) {
        Object.assign(watched, { bytesRead, bytesAnswered: bytesWritten, waitingSinceMs: undefined });
      } else if (bytesWritten > watched.bytesAnswered) {
        watched.waitingSinceMs ??= now;
        if (now - watched.waitingSinceMs >= this.silenceLimitMs) this.end(watched);
      }
    }
  }
}
