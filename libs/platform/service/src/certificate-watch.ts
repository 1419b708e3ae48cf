/** Until when others will believe who a service is, and whether what its certificates are renewed by can be used. */
import { X509Certificate } from 'node:crypto';
import {
  type CertificateFiles,
  type EventLogSettings,
  type FeatureStoreSettings,
  grpcCertificates,
  type GrpcTlsSettings,
  kafkaCertificates,
  redisCertificates,
} from '@watchnext/config';
import type { Logger } from './logger';
import { SERVICE_METRICS } from './metric-names';
import type { MetricsRegistry } from './metrics';

/**
 * Shows when the service's own certificate ends: at that second every new connection to it and by it fails. It is the one in use,
 * whatever the file says. Counts and tells of files that cannot be used: those of Kafka and Redis as well, where the service has any.
 * @throws ConfigError
 */
export function watchCertificates(
  metrics: MetricsRegistry,
  settings: GrpcTlsSettings & Partial<EventLogSettings & FeatureStoreSettings>,
  logger: Logger,
): void {
  const ours = grpcCertificates(settings);
  metrics.gauge(SERVICE_METRICS.certificateExpiry, () => (ours ? expirySecondsOf(ours.current.cert) : NaN));
  // There from the start, and in services without certificates: what is missing is no 0.
  metrics.count(SERVICE_METRICS.certificateRefusals, { files: 'WATCHNEXT_GRPC_TLS' }, 0);
  for (const files of [ours, kafkaCertificates(settings), redisCertificates(settings)])
    if (files) tellOf(files, metrics, logger);
}

function tellOf(files: CertificateFiles, metrics: MetricsRegistry, logger: Logger): void {
  const { prefix } = files;
  let problemTold: string | undefined;
  metrics.count(SERVICE_METRICS.certificateRefusals, { files: prefix }, 0);
  files.watch({
    renewed: () => {
      problemTold = undefined;
      const { cert } = files.current;
      const until = cert && new Date(expirySecondsOf(cert) * 1_000).toISOString();
      logger.info({ files: prefix, until }, 'certificates renewed: new connections use them');
    },
    refused: (problem) => {
      metrics.count(SERVICE_METRICS.certificateRefusals, { files: prefix });
      // Looked at every second: once is enough.
      if (problem === problemTold) return;
      problemTold = problem;
      logger.error({ problem }, 'certificates cannot be renewed: those known before stay in use');
    },
  });
}

/** @param pem a chain begins with the certificate itself */
function expirySecondsOf(pem: Buffer): number {
  return Date.parse(new X509Certificate(pem).validTo) / 1_000;
}
