import type { SASLOptions } from 'kafkajs';

export interface KafkaSettings {
  /** "host:port" of some brokers. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Put before every topic and group name, for systems that share a cluster; may be empty. */
  readonly namespace: string;
  readonly tls?: boolean | { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sasl?: SASLOptions;
  readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  /** Of topics that this program creates. */
  readonly replicationFactor: number;
  /** No request takes longer than this. */
  readonly requestTimeoutMs: number;
  /** A member silent for so long loses its partitions. */
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
