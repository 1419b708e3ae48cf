import { Cluster, Redis, type RedisOptions } from 'ioredis';

/** Where Redis is. Exactly one of `url`, `clusterNodes` and `sentinels` is set. */
export interface RedisSettings {
  /** redis://[user:password@]host:port[/db], or rediss:// for TLS. */
  readonly url?: string;
  /** Some nodes of a Redis Cluster, as "host:port". */
  readonly clusterNodes?: readonly string[];
  /** Sentinels, as "host:port", with the name of the primary that they watch. */
  readonly sentinels?: { readonly nodes: readonly string[]; readonly primaryName: string };
  readonly username?: string;
  readonly password?: string;
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** No call takes longer than this, whatever the network does. */
  readonly callTimeoutMs: number;
}

export type RedisConnection = Redis | Cluster;

/** Longest pause between two attempts to reconnect. */
const MAX_RECONNECT_DELAY_MS = 1_000;

/**
 * Opens a connection that reconnects for ever and fails each call in time: a call waits neither for a reply nor for a
 * connection longer than `callTimeoutMs`. No call is sent twice by the client, since a commit that was applied must
 * not be answered with the conflict of its repetition; callers decide.
 */
export function connectRedis(settings: RedisSettings): RedisConnection {
  const shared: RedisOptions = {
    username: settings.username,
    password: settings.password,
    tls: settings.tls,
    connectTimeout: settings.callTimeoutMs,
    commandTimeout: settings.callTimeoutMs,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (attempt) => Math.min(MAX_RECONNECT_DELAY_MS, 50 * attempt),
    // A primary that became a replica refuses writes: the address must be looked up again.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    protocol: 2,
  };
  if (settings.clusterNodes) {
    return new Cluster(settings.clusterNodes.map(parseAddress), {
      redisOptions: shared,
      slotsRefreshTimeout: settings.callTimeoutMs,
      clusterRetryStrategy: (attempt) => Math.min(MAX_RECONNECT_DELAY_MS, 50 * attempt),
      maxRedirections: 8,
      retryDelayOnFailover: 100,
      retryDelayOnClusterDown: 100,
    });
  }
  if (settings.sentinels) {
    return new Redis({
      ...shared,
      sentinels: settings.sentinels.nodes.map(parseAddress),
      name: settings.sentinels.primaryName,
      sentinelRetryStrategy: (attempt) => Math.min(MAX_RECONNECT_DELAY_MS, 50 * attempt),
      failoverDetector: true,
    });
  }
  return new Redis(settings.url ?? 'redis://127.0.0.1:6379', shared);
}

function parseAddress(address: string): { host: string; port: number } {
  const [host, port] = address.split(/:(?=\d+$)/);
  return { host: host as string, port: Number(port ?? 6379) };
}
