/**
 * TLS between services, each proving itself to the other: over gRPC, and over the HTTP by which the gateway passes events on. All
 * three files, or none: then calls go in the clear.
 */
import { z } from 'zod';
import { ConfigError } from './load-config';

export const grpcTlsSettings = {
  /** PEM of the authority that signed the certificates of all services, or of several. Files that change are taken over without a restart. */
  WATCHNEXT_GRPC_TLS_CA_FILE: z.string().optional(),
  /** PEM of this service's certificate, for serving and for calling. */
  WATCHNEXT_GRPC_TLS_CERT_FILE: z.string().optional(),
  /** PEM of its private key. */
  WATCHNEXT_GRPC_TLS_KEY_FILE: z.string().optional(),
  /** The name that called services' certificates carry, where it is not the host of their address. */
  WATCHNEXT_GRPC_TLS_SERVER_NAME: z.string().optional(),
};

export type GrpcTlsSettings = z.infer<z.ZodObject<typeof grpcTlsSettings>>;

/** @returns the paths, or undefined where calls go in the clear. @throws ConfigError where some are missing */
export function grpcTlsFiles(settings: GrpcTlsSettings): { ca: string; cert: string; key: string } | undefined {
  const {
    WATCHNEXT_GRPC_TLS_CA_FILE: ca,
    WATCHNEXT_GRPC_TLS_CERT_FILE: cert,
    WATCHNEXT_GRPC_TLS_KEY_FILE: key,
  } = settings;
  if (ca !== undefined && cert !== undefined && key !== undefined) return { ca, cert, key };
  const missing = Object.entries({ CA: ca, CERT: cert, KEY: key }).filter(([, path]) => path === undefined);
  if (missing.length === 3) return undefined;
  throw new ConfigError(
    missing.map(([name]) => `WATCHNEXT_GRPC_TLS_${name}_FILE: is needed with the other files of WATCHNEXT_GRPC_TLS_`),
  );
}
