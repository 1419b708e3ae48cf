import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

const LOWEST_PORT = 10_000;
/** Where the system begins to hand out ports of its own accord, on Linux and nearly everywhere. */
const DEFAULT_EPHEMERAL_START = 32_768;

/**
 * As many ports as asked for that nothing listens on now, chosen by chance.
 *
 * They lie below the range from which the system takes ports for outgoing connections: a server that is restarted on
 * its port, or started a moment after it was chosen, would now and then find one of those there.
 *
 * @param isUsable what else a port must be
 */
export async function freePorts(count: number, isUsable: (port: number) => boolean = () => true): Promise<number[]> {
  const held: Server[] = [];
  const ports: number[] = [];
  const span = ephemeralStart() - LOWEST_PORT;
  try {
    for (let attempts = 0; ports.length < count; attempts++) {
      if (attempts > 100 * count) throw new Error(`no ${count} free ports from ${LOWEST_PORT} on`);
      const port = LOWEST_PORT + Math.floor(Math.random() * span);
      if (ports.includes(port) || !isUsable(port)) continue;
      const server = await listenOn(port);
      if (!server) continue;
      held.push(server);
      ports.push(port);
    }
    return ports;
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

function listenOn(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function ephemeralStart(): number {
  try {
    const [start] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/);
    // A system that hands out nearly all ports leaves no better choice than any of them.
    return Number(start) > LOWEST_PORT + 5_000 ? Number(start) : DEFAULT_EPHEMERAL_START;
  } catch {
    return DEFAULT_EPHEMERAL_START;
  }
}
