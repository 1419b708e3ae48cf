import { createServer } from 'node:net';

/**
 * The preferred ports where they are free, else others that are. Nothing holds them until the services bind, so that
 * another program may come first; the service then says so and the launcher ends with its words.
 */
export async function choosePorts<Name extends string>(
  preferred: Readonly<Record<Name, number>>,
  host: string,
): Promise<Record<Name, number>> {
  const chosen: Partial<Record<Name, number>> = {};
  const taken = new Set<number>();
  for (const [name, port] of Object.entries(preferred) as [Name, number][]) {
    let free = port !== 0 && !taken.has(port) && (await probe(port, host)) === port ? port : undefined;
    while (free === undefined) {
      const any = await probe(0, host);
      if (any !== undefined && !taken.has(any)) free = any;
    }
    taken.add(free);
    chosen[name] = free;
  }
  return chosen as Record<Name, number>;
}

/** @returns the port that could be bound, undefined if it is taken */
function probe(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}
