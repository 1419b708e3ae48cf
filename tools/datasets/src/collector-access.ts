import { readFileSync } from 'node:fs';
import { clientTls, ConfigError, grpcTlsSettings, loadConfig } from '@watchnext/config';
import type { ClientCertificates } from '@watchnext/producer-client';
import { z } from 'zod';

/** As `ProducerClient` takes them. */
export interface CollectorAccess {
  readonly apiKey?: string;
  readonly tls?: ClientCertificates;
}

/**
 * What shows a collector who calls: the key in the file that --api-key-file names, and the certificates of
 * WATCHNEXT_GRPC_TLS_…, as services show them.
 *
 * @throws ConfigError naming the option or the variables
 */
export function collectorAccess(apiKeyFile: string | undefined, environment = process.env): CollectorAccess {
  const tls = clientTls(loadConfig(z.object(grpcTlsSettings), environment));
  if (apiKeyFile === undefined) return { tls };
  try {
    const apiKey = readFileSync(apiKeyFile, 'utf8').trim();
    if (apiKey !== '') return { tls, apiKey };
  } catch (error) {
    throw new ConfigError([`--api-key-file ${apiKeyFile}: cannot be read (${(error as NodeJS.ErrnoException).code})`]);
  }
  throw new ConfigError([`--api-key-file ${apiKeyFile}: is empty`]);
}
