/** Makes kafkajs clients: each with connections of its own, and replaced as a whole when it fails. */
import { Kafka, logLevel, type Admin, type Consumer, type ConsumerConfig, type Producer } from 'kafkajs';
import { LogUnavailableError } from '../port';
import { ClientSockets } from './client-sockets';
import { callTimeoutMs, type KafkaSettings } from './kafka-settings';

/** A kafkajs client and the only reliable way to end it. */
export interface OwnedClient<Client> {
  readonly client: Client;
  /** Leaves politely if that goes quickly, and then closes every connection. */
  close(): Promise<void>;
}

/**
 * Retries are made here, on a fresh client: kafkajs's own can resolve without having sent everything (a partition whose
 * new leader had answered before its old one failed is taken as sent), and keep dead connections.
 */
const NO_RETRIES = { retries: 0 };

const DAY_MS = 86_400_000;

type AnyClient = Admin | Consumer | Producer;

/** Not connected yet. */
export function newAdmin(settings: KafkaSettings): OwnedClient<Admin> {
  return own(settings, settings.requestTimeoutMs, (kafka) => kafka.admin({ retry: NO_RETRIES }));
}

/** Not connected yet; takes the partition that each message names. */
export function newProducer(settings: KafkaSettings): OwnedClient<Producer> {
  return own(settings, settings.requestTimeoutMs, (kafka) =>
    kafka.producer({
      allowAutoTopicCreation: false,
      idempotent: false,
      retry: NO_RETRIES,
      // kafkajs can read no metadata of a topic of which one partition has no leader, and would stop sending to the others when what it
      // knows is too old. Who leads it learns from refusals; the number of partitions never changes.
      metadataMaxAge: DAY_MS,
      // The partition was chosen by `partitionOf`, so that every driver and every reader agree on it.
      createPartitioner: () => (args) => args.message.partition ?? 0,
    }),
  );
}

/** Not connected yet. */
export function newConsumer(
  settings: KafkaSettings,
  config: ConsumerConfig & { rebalanceTimeout: number },
): OwnedClient<Consumer> {
  // The answer to a join waits until all other members have come.
  const silenceLimitMs = config.rebalanceTimeout + settings.requestTimeoutMs;
  return own(settings, silenceLimitMs, (kafka) => kafka.consumer(config));
}

function own<Client extends AnyClient>(
  settings: KafkaSettings,
  silenceLimitMs: number,
  create: (kafka: Kafka) => Client,
): OwnedClient<Client> {
  const { tls, sasl, requestTimeoutMs } = settings;
  const sockets = new ClientSockets(silenceLimitMs);
  const client = create(
    new Kafka({
      clientId: settings.clientId,
      brokers: [...settings.brokers],
      ssl: tls === undefined || tls === false ? undefined : tls,
      sasl: sasl as ConstructorParameters<typeof Kafka>[0]['sasl'],
      connectionTimeout: Math.min(5_000, requestTimeoutMs),
      authenticationTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      enforceRequestTimeout: true,
      // Of finding the cluster: each goes to the next broker of the list, since any of them may be down.
      retry: { retries: Math.max(2, settings.brokers.length), initialRetryTime: 50, maxRetryTime: 500 },
      socketFactory: sockets.factory,
      logLevel: logLevel.NOTHING,
    }),
  );
  // All three kinds have this event, but TypeScript cannot call a union of their `on`.
  const admin = client as Admin;
  admin.on(admin.events.REQUEST_TIMEOUT, ({ payload }) => sockets.drop(payload.broker));
  return {
    client,
    close: async () => {
      await within(Math.min(5_000, requestTimeoutMs), 'disconnect', client.disconnect()).catch(() => undefined);
      sockets.destroy();
    },
  };
}

/** Connects, in bounded time; on failure nothing is left open. */
export async function connect<Client extends AnyClient>(
  owned: OwnedClient<Client>,
  settings: KafkaSettings,
): Promise<Client> {
  try {
    await within(callTimeoutMs(settings), 'connect', owned.client.connect());
    return owned.client;
  } catch (error) {
    void owned.close();
    throw error;
  }
}

interface Current<Client> {
  readonly owned: OwnedClient<Client>;
  readonly connected: Promise<Client>;
  /** Of `use`, under way. */
  users: number;
  /** Closed once the last of them has ended. */
  isRetired: boolean;
}

/** One client at a time, made when first needed and again after it was discarded. */
export class Replaceable<Client extends AnyClient> {
  private current: Current<Client> | undefined;
  private readonly closing = new Set<Promise<void>>();

  constructor(
    private readonly settings: KafkaSettings,
    private readonly create: (settings: KafkaSettings) => OwnedClient<Client>,
  ) {}

  get(): Promise<Client> {
    return this.connecting().connected;
  }

  /**
   * Works with the client.
   * @param afterFailure replace: the next work begins on a fresh client, and what else is at work on this one ends undisturbed
   */
  async use<Result>(work: (client: Client) => Promise<Result>, afterFailure: 'keep' | 'replace'): Promise<Result> {
    const used = this.connecting();
    used.users++;
    try {
      return await work(await used.connected);
    } catch (error) {
      if (afterFailure === 'replace' && this.current === used) this.retire();
      throw error;
    } finally {
      used.users--;
      if (used.isRetired && used.users === 0) this.end(used);
    }
  }

  /**
   * Goes on with the client of another, which makes itself a new one when it next needs one. Does nothing when that one has
   * replaced it meanwhile.
   */
  takeOver(other: Replaceable<Client>, client: Client): void {
    if (other.current?.owned.client !== client) return;
    this.retire();
    this.current = other.current;
    other.current = undefined;
  }

  /** The next `get` connects anew. Does nothing when `client` was replaced already. */
  async discard(client: Client): Promise<void> {
    if (this.current?.owned.client === client) await this.close();
  }

  async close(): Promise<void> {
    if (this.current) this.end(this.current);
    this.current = undefined;
    await Promise.all(this.closing);
  }

  private retire(): void {
    const { current } = this;
    this.current = undefined;
    if (!current) return;
    current.isRetired = true;
    if (current.users === 0) this.end(current);
  }

  private end({ owned }: Current<Client>): void {
    const closed = owned.close().finally(() => this.closing.delete(closed));
    this.closing.add(closed);
  }

  private connecting(): Current<Client> {
    if (this.current) return this.current;
    const owned = this.create(this.settings);
    const current: Current<Client> = { owned, connected: connect(owned, this.settings), users: 0, isRetired: false };
    current.connected.catch(() => this.current === current && (this.current = undefined));
    this.current = current;
    return current;
  }
}

/** @throws LogUnavailableError when `work` takes longer; its own outcome is then ignored */
export async function within<Result>(timeoutMs: number, what: string, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new LogUnavailableError(`Kafka did not ${what} within ${timeoutMs} ms`)),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}
