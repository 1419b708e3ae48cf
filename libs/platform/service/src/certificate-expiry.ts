/** Until when others will believe who a service is. */
import { X509Certificate } from 'node:crypto';
import { ConfigError, type GrpcTlsSettings, readTlsFiles } from '@watchnext/config';
import { SERVICE_METRICS } from './metric-names';
import type { MetricsRegistry } from './metrics';

/**
 * Shows when the service's own certificate ends: at that second every call to it and by it fails. It is the one read at the start,
 * which is in use until the service starts anew, whatever the file says by then.
 * @throws ConfigError
 */
export function watchCertificate(metrics: MetricsRegistry, settings: GrpcTlsSettings): void {
  const files = readTlsFiles(settings);
  const expirySeconds = files === undefined ? NaN : expirySecondsOf(files.cert);
  metrics.gauge(SERVICE_METRICS.certificateExpiry, () => expirySeconds);
}

/** @param pem a chain begins with the certificate itself */
function expirySecondsOf(pem: Buffer): number {
  try {
    return Date.parse(new X509Certificate(pem).validTo) / 1_000;
  } catch {
    throw new ConfigError(['WATCHNEXT_GRPC_TLS_CERT_FILE: holds no certificate in PEM']);
  }
}
