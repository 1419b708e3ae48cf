/** The certificates that settings name, of services and producers to each other, to Kafka and to Redis. */
import { CertificateFiles } from './certificate-files';
import type { Certificates } from './certificates';
import type { EventLogSettings } from './event-log-settings';
import { grpcTlsFiles, type GrpcTlsSettings } from './grpc-tls-settings';
import { type FeatureStoreSettings, isRedisTls } from './store-settings';

/** As Node's TLS and `@watchnext/http-client` take them. */
export interface ClientTls extends Required<Certificates> {
  /** The name that the called side's certificate carries, where it is not the host of its address. */
  readonly servername?: string;
}

/** Those that the process uses: whoever names the same files takes part in the same looks. */
const inUse = new Map<string, CertificateFiles>();

/** @returns undefined where calls go in the clear. @throws ConfigError for a file that is missing or cannot be used */
export function grpcCertificates(settings: GrpcTlsSettings): CertificateFiles<Required<Certificates>> | undefined {
  const paths = grpcTlsFiles(settings);
  return paths && shared<Required<Certificates>>('WATCHNEXT_GRPC_TLS', paths);
}

/**
 * For a client that talks to nobody whose certificate the authority did not sign for that name. They change as the files do.
 * @returns undefined where no certificates are given. @throws ConfigError
 */
export function clientTls(settings: GrpcTlsSettings): ClientTls | undefined {
  const { WATCHNEXT_GRPC_TLS_SERVER_NAME: servername } = settings;
  return grpcCertificates(settings)?.follow(servername === undefined ? {} : { servername });
}

/** @returns undefined where brokers are talked to in the clear. @throws ConfigError for a file that cannot be used */
export function kafkaCertificates(settings: Partial<EventLogSettings>): CertificateFiles | undefined {
  if (settings.WATCHNEXT_EVENT_LOG !== 'kafka' || !settings.WATCHNEXT_KAFKA_TLS) return undefined;
  return shared('WATCHNEXT_KAFKA_TLS', {
    ca: settings.WATCHNEXT_KAFKA_TLS_CA_FILE,
    cert: settings.WATCHNEXT_KAFKA_TLS_CERT_FILE,
    key: settings.WATCHNEXT_KAFKA_TLS_KEY_FILE,
  });
}

/** @returns undefined where Redis is talked to in the clear. @throws ConfigError for a file that cannot be used */
export function redisCertificates(settings: Partial<FeatureStoreSettings>): CertificateFiles | undefined {
  if (settings.WATCHNEXT_FEATURE_STORE !== 'redis' || !isRedisTls(settings)) return undefined;
  return shared('WATCHNEXT_REDIS_TLS', {
    ca: settings.WATCHNEXT_REDIS_TLS_CA_FILE,
    cert: settings.WATCHNEXT_REDIS_TLS_CERT_FILE,
    key: settings.WATCHNEXT_REDIS_TLS_KEY_FILE,
  });
}

function shared<Held extends Certificates>(
  prefix: string,
  paths: { readonly [Role in keyof Held]: string | undefined },
): CertificateFiles<Held> {
  const name = JSON.stringify([prefix, paths]);
  const known = inUse.get(name) as CertificateFiles<Held> | undefined;
  if (known) return known;
  const files = new CertificateFiles<Held>(prefix, paths);
  inUse.set(name, files);
  return files;
}
