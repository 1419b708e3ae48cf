/** Credentials of gRPC servers and clients between services: mutual TLS from files, or none. */
import { type ChannelCredentials, type ChannelOptions, credentials, ServerCredentials } from '@grpc/grpc-js';
import { type GrpcTlsSettings, readTlsFiles } from '@watchnext/config';

/** A server with these lets nobody in whose certificate the authority did not sign. @throws ConfigError */
export function grpcServerCredentials(settings: GrpcTlsSettings): ServerCredentials {
  const files = readTlsFiles(settings);
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
  const files = readTlsFiles(settings);
  if (!files) return { credentials: credentials.createInsecure(), options: {} };
  const { WATCHNEXT_GRPC_TLS_SERVER_NAME: name } = settings;
  return {
    credentials: credentials.createSsl(files.ca, files.key, files.cert),
    options: name === undefined ? {} : { 'grpc.ssl_target_name_override': name, 'grpc.default_authority': name },
  };
}
