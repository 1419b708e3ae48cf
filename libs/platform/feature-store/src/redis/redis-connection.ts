/**
 * One connection to Redis in any of its three forms, with what the client library leaves open closed: every call ends
 * in time, a dead connection is noticed and replaced, and no error carries a secret.
 */
import { isIP } from 'node:net';
import { type ConnectionOptions, createSecureContext } from 'node:tls';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { StoreUnavailableError } from '../port';
import { cleanCause, isRefusal } from './redis-errors';
import { parseAddress, type RedisSettings, type RedisTls } from './redis-settings';

/** Longest pause between two attempts to reconnect. */
const MAX_RECONNECT_DELAY_MS = 1_000;
/** A closed connection whose peer is silent is given up after this. */
const DISCONNECT_TIMEOUT_MS = 200;
/** A sentinel that is silent for longer is passed over for the next one. */
const SENTINEL_TIMEOUT_MS = 1_000;
const CLUSTER_REFRESH_MS = 5_000;

const discard = () => undefined;

export class RedisConnection {
  readonly client: Redis | Cluster;
  /** Why there is no connection, while there is none. */
  private lastError: Error | undefined;
  private readonly pending = new Set<Promise<unknown>>();

  constructor(private readonly settings: RedisSettings) {
    this.client = openClient(settings);
    // Calls carry their own failures; without a listener the client would print them, with the arguments of commands.
    // One waiting call of each partition is no leak.
    this.client.setMaxListeners(0);
    const remember = (error: Error) => (this.lastError = cleanCause(error));
    this.client.on('error', remember);
    this.client.on('node error', remember);
    this.client.on('ready', () => (this.lastError = undefined));
  }

  /**
   * Waits for a connection, then for the answer, together no longer than `callTimeoutMs`. Nothing is sent that the
   * caller no longer waits for, and nothing is sent twice.
   * @param signal given up when it is aborted, as at the deadline
   * @throws StoreUnavailableError, the signal's reason
   */
  async call<Result>(operation: string, send: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    signal?.throwIfAborted();
    const deadline = Date.now() + this.settings.callTimeoutMs;
    const sent = this.whenReady(deadline, signal).then(() => {
      signal?.throwIfAborted();
      return send();
    });
    const call = this.beforeDeadline(deadline, sent, signal).catch((error: unknown) => {
      if (signal?.aborted && error === signal.reason) throw error;
      const cause = this.causeOf(error as Error);
      throw new StoreUnavailableError(`Redis did not answer ${operation}: ${cause.message}`, { cause });
    });
    // Without the result: a set that calls pass through may hold on to them (docs/decisions/0134-ended-calls.md).
    const settled: Promise<void> = call.then(discard, discard).then(() => void this.pending.delete(settled));
    this.pending.add(settled);
    return call;
  }

  /** What INFO says in a section, of each primary. @throws StoreUnavailableError */
  infoOfPrimaries(section: 'memory' | 'server'): Promise<string[]> {
    const { client } = this;
    return this.call('INFO', () => {
      const primaries = client instanceof Cluster ? client.nodes('master') : [client];
      return Promise.all(primaries.map((primary) => primary.info(section)));
    });
  }

  /** Lets calls under way end, which they do in time. */
  async close(): Promise<void> {
    await Promise.all(this.pending);
    this.client.disconnect();
  }

  private async whenReady(deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const { client } = this;
    if (client.status === 'ready') return;
    // Wrong credentials do not get better while one waits.
    if (this.lastError && isRefusal(this.lastError)) throw this.lastError;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => settle(new Error('no connection in time')), deadline - Date.now());
      const onReady = () => settle();
      const onFailure = () => settle(this.lastError ?? new Error('the connection was closed'));
      const onAbort = () => settle(signal?.reason as Error);
      const settle = (error?: Error) => {
        clearTimeout(timer);
        client.off('ready', onReady).off('error', onFailure).off('close', onFailure).off('end', onFailure);
        signal?.removeEventListener('abort', onAbort);
        if (error) reject(error);
        else resolve();
      };
      client.on('ready', onReady).on('error', onFailure).on('close', onFailure).on('end', onFailure);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** The library's own time-outs do not cover all of its queues. */
  private async beforeDeadline<Result>(
    deadline: number,
    result: Promise<Result>,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    let timer: NodeJS.Timeout | undefined;
    let giveUp: (() => void) | undefined;
    const expiry = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`no answer within ${this.settings.callTimeoutMs} ms`)),
        deadline - Date.now(),
      );
      giveUp = () => reject(signal?.reason as Error);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
    try {
      return await Promise.race([result, expiry]);
    } finally {
      clearTimeout(timer);
      if (giveUp) signal?.removeEventListener('abort', giveUp);
    }
  }

  /** What the library says of a lost connection is less than what the connection itself said. */
  private causeOf(error: Error): Error {
    const isVague = error.name === 'MaxRetriesPerRequestError' || error.message === 'Connection is closed.';
    return isVague && this.lastError ? this.lastError : cleanCause(error);
  }
}

function openClient(settings: RedisSettings): Redis | Cluster {
  const { callTimeoutMs, tls } = settings;
  const delay = (attempt: number) => Math.min(MAX_RECONNECT_DELAY_MS, 50 * attempt);
  const shared: RedisOptions = {
    username: settings.username,
    password: settings.password,
    // Itself, and no copy: the client looks into it for each connection, and certificates may have been renewed.
    tls,
    connectTimeout: callTimeoutMs,
    commandTimeout: callTimeoutMs,
    // Half-open connections: silence while an answer is due ends them, and the next call finds a new one.
    socketTimeout: callTimeoutMs,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    // A restarting Redis says how long it will load; ask again soon all the same.
    maxLoadingRetryTime: MAX_RECONNECT_DELAY_MS,
    // What is lost with a connection fails at once and is not sent again: the caller decides, by the stored mark.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // A queue would keep megabytes of commits through an outage, and send them long after their callers gave up.
    enableOfflineQueue: false,
    retryStrategy: delay,
    // A primary that became a replica refuses writes: the address must be looked up again.
    reconnectOnError: (error) => error.message.includes('READONLY'),
    protocol: 2,
    disableClientInfo: true,
  };
  if (settings.clusterNodes) {
    return new Cluster(
      settings.clusterNodes.map((node) => parseAddress(node)),
      {
        redisOptions: shared,
        slotsRefreshTimeout: callTimeoutMs,
        slotsRefreshInterval: CLUSTER_REFRESH_MS,
        clusterRetryStrategy: delay,
        maxRedirections: 8,
        // 0: a command whose connection broke is not sent again, since it may have been carried out.
        retryDelayOnFailover: 0,
        retryDelayOnClusterDown: 100,
        // Certificates name hosts, not their addresses.
        ...(tls && { dnsLookup: (host, callback) => callback(null, host) }),
      },
    );
  }
  if (settings.sentinels) {
    const { nodes, primaryName, username, password } = settings.sentinels;
    return new Redis({
      ...shared,
      sentinels: nodes.map((node) => parseAddress(node, 26_379)),
      name: primaryName,
      sentinelUsername: username,
      sentinelPassword: password,
      sentinelCommandTimeout: Math.min(callTimeoutMs, SENTINEL_TIMEOUT_MS),
      sentinelRetryStrategy: delay,
      // Without this the library ignores `tls` here and speaks plain text.
      enableTLSForSentinelMode: tls !== undefined,
      sentinelTLS: tls,
      failoverDetector: true,
    });
  }
  return new Redis({ ...shared, ...optionsOfUrl(settings) });
}

/** Read here, since the library lets a URL win over what is said besides: "rediss" over the authority's certificate. */
function optionsOfUrl({ url, username, password, tls }: RedisSettings): RedisOptions {
  const parsed = new URL(url ?? 'redis://127.0.0.1');
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  return {
    host,
    port: Number(parsed.port || 6379),
    db: Number(parsed.pathname.slice(1) || 0),
    username: username ?? (decodeURIComponent(parsed.username) || undefined),
    password: password ?? (decodeURIComponent(parsed.password) || undefined),
    // Certificates are for names; for an address Node checks the address itself.
    tls: tls || parsed.protocol === 'rediss:' ? forName(isIP(host) ? undefined : host, tls) : undefined,
  };
}

/** @returns what Node takes, whose certificates are those that `tls` has at each connection */
function forName(servername: string | undefined, tls: RedisTls = {}): ConnectionOptions {
  return {
    ...(servername === undefined ? {} : { servername }),
    get secureContext() {
      return createSecureContext(tls);
    },
  };
}
