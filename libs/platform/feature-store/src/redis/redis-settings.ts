/** Where Redis is. Exactly one of `url`, `clusterNodes` and `sentinels` is set. */
export interface RedisSettings {
  /** redis://[user:password@]host:port[/db], or rediss:// for TLS. */
  readonly url?: string;
  /** Some nodes of a Redis Cluster, as "host:port". */
  readonly clusterNodes?: readonly string[];
  readonly sentinels?: SentinelSettings;
  readonly username?: string;
  readonly password?: string;
  /** TLS with the system's authorities where it is empty. Certificates and key as PEM, read for each connection. */
  readonly tls?: RedisTls;
  /** No call takes longer than this, whatever the network does. */
  readonly callTimeoutMs: number;
}

export interface RedisTls {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
}

export interface SentinelSettings {
  /** As "host:port". */
  readonly nodes: readonly string[];
  /** Name of the primary that they watch. */
  readonly primaryName: string;
  readonly username?: string;
  readonly password?: string;
}

/** "host:port" or "[::1]:port"; the port may be left out. */
export function parseAddress(address: string, defaultPort = 6379): { host: string; port: number } {
  const [host, port] = address.split(/:(?=\d+$)/) as [string, string?];
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port ?? defaultPort) };
}
