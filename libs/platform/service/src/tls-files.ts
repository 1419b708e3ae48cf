/** The certificates by which services prove themselves to each other, read once at the start. */
import { readFileSync } from 'node:fs';
import { ConfigError, grpcTlsFiles, type GrpcTlsSettings } from '@watchnext/config';

export interface TlsFiles {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
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
