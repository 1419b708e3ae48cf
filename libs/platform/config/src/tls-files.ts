/** The certificates by which services, and producers, prove themselves to each other, read once at the start. */
import { readFileSync } from 'node:fs';
import { grpcTlsFiles, type GrpcTlsSettings } from './grpc-tls-settings';
import { ConfigError } from './load-config';

export interface TlsFiles {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** As Node's TLS and `@watchnext/http-client` take them. */
export interface ClientTls extends TlsFiles {
  /** The name that the called side's certificate carries, where it is not the host of its address. */
  readonly servername?: string;
}

/** @returns undefined where calls go in the clear. @throws ConfigError for a file that is missing or cannot be read */
export function readTlsFiles(settings: GrpcTlsSettings): TlsFiles | undefined {
  const paths = grpcTlsFiles(settings);
  if (!paths) return undefined;
  const contentOf = (name: 'CA' | 'CERT' | 'KEY', path: string) => {
    try {
      return readFileSync(path);
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? 'unknown';
      throw new ConfigError([`WATCHNEXT_GRPC_TLS_${name}_FILE: cannot be read (${reason})`]);
    }
  };
  return { ca: contentOf('CA', paths.ca), cert: contentOf('CERT', paths.cert), key: contentOf('KEY', paths.key) };
}

/**
 * For a client that talks to nobody whose certificate the authority did not sign for that name.
 * @returns undefined where no certificates are given. @throws ConfigError
 */
export function readClientTls(settings: GrpcTlsSettings): ClientTls | undefined {
  const files = readTlsFiles(settings);
  const { WATCHNEXT_GRPC_TLS_SERVER_NAME: servername } = settings;
  return files && { ...files, ...(servername === undefined ? {} : { servername }) };
}
