export type SaslMechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512';

type Pem = string | Buffer;

export interface SaslCredentials {
  readonly mechanism: SaslMechanism;
  readonly username: string;
  readonly password: string;
}

export interface KafkaSettings {
  /** "host:port" of some brokers. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Put before every topic and group name, for systems that share a cluster; may be empty. */
  readonly namespace: string;
  /** PEM, read for each connection; true: the system's authorities. */
  readonly tls?: boolean | { readonly ca?: Pem; readonly cert?: Pem; readonly key?: Pem };
  readonly sasl?: SaslCredentials;
  readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  /** Of topics that this program creates; from two on, all but one replica must have a record before it counts. */
  readonly replicationFactor: number;
  /** One request is given up after this; a call with its retries (append, bounds, …) after twice as long. */
  readonly requestTimeoutMs: number;
  /** A member silent for so long loses its partitions. Brokers refuse less than 6 s unless told otherwise. */
  readonly sessionTimeoutMs: number;
}

export const KAFKA_DEFAULTS = {
  clientId: 'watchnext',
  namespace: '',
  compression: 'gzip',
  replicationFactor: 1,
  requestTimeoutMs: 15_000,
  sessionTimeoutMs: 15_000,
} as const satisfies Partial<KafkaSettings>;

/** Of the groups, one for each time that a topic is tailed, to which a client has rights and no other client has. */
export function tailGroupPrefix(clientId: string): string {
  return `tail-${clientId}-`;
}

/** Within this a call has succeeded or failed. Twice a request: room for a leader lost in the middle of one. */
export function callTimeoutMs({ requestTimeoutMs }: Pick<KafkaSettings, 'requestTimeoutMs'>): number {
  return 2 * requestTimeoutMs;
}
