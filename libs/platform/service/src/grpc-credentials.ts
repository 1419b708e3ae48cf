/** Credentials of servers and clients between services: mutual TLS from files, read once at the start, or none. */
import { readFileSync } from 'node:fs';
import { type ChannelCredentials, type ChannelOptions, credentials, ServerCredentials } from '@grpc/grpc-js';
import { ConfigError, grpcTlsFiles, type GrpcTlsSettings } from '@watchnext/config';

interface TlsFiles {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

function read(settings: GrpcTlsSettings): TlsFiles | undefined {
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

/** A server with these lets nobody in whose certificate the authority did not sign. @throws ConfigError */
export function grpcServerCredentials(settings: GrpcTlsSettings): ServerCredentials {
  const files = read(settings);
  if (!files) return ServerCredentials.createInsecure();
  const { ca, cert, key } = files;
  return ServerCredentials.createSsl(ca, [{ cert_chain: cert, private_key: key }], true);
}

export interface GrpcClientSecurity {
  readonly credentials: ChannelCredentials;
  /** To be added to those of the channel. */
  readonly options: ChannelOptions;
}

/** A client with these talks to nobody whose certificate the authority did not sign for that name. @throws ConfigError */
export function grpcClientSecurity(settings: GrpcTlsSettings): GrpcClientSecurity {
  const files = read(settings);
  if (!files) return { credentials: credentials.createInsecure(), options: {} };
  const { WATCHNEXT_GRPC_TLS_SERVER_NAME: name } = settings;
  return {
    credentials: credentials.createSsl(files.ca, files.key, files.cert),
    options: name === undefined ? {} : { 'grpc.ssl_target_name_override': name, 'grpc.default_authority': name },
  };
}
