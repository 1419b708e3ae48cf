/** Credentials of gRPC servers and clients between services: mutual TLS from files, renewed as those are, or none. */
import {
  type ChannelCredentials,
  type ChannelOptions,
  credentials,
  experimental,
  ServerCredentials,
} from '@grpc/grpc-js';
import { type CertificateFiles, type Certificates, grpcCertificates, type GrpcTlsSettings } from '@watchnext/config';

/** A server with these lets nobody in whose certificate the authority did not sign. @throws ConfigError */
export function grpcServerCredentials(settings: GrpcTlsSettings): ServerCredentials {
  const files = grpcCertificates(settings);
  if (!files) return ServerCredentials.createInsecure();
  const provider = new FilesProvider(files);
  return experimental.createCertificateProviderServerCredentials(provider, provider, true);
}

export interface GrpcClientSecurity {
  readonly credentials: ChannelCredentials;
  /** To be added to those of the channel. */
  readonly options: ChannelOptions;
}

/** A client with these talks to nobody whose certificate the authority did not sign for that name. @throws ConfigError */
export function grpcClientSecurity(settings: GrpcTlsSettings): GrpcClientSecurity {
  const files = grpcCertificates(settings);
  if (!files) return { credentials: credentials.createInsecure(), options: {} };
  const provider = new FilesProvider(files);
  const { WATCHNEXT_GRPC_TLS_SERVER_NAME: name } = settings;
  return {
    credentials: experimental.createCertificateProviderChannelCredentials(provider, provider),
    options: name === undefined ? {} : { 'grpc.ssl_target_name_override': name, 'grpc.default_authority': name },
  };
}

type CaListener = experimental.CaCertificateUpdateListener;
type IdentityListener = experimental.IdentityCertificateUpdateListener;

/**
 * Gives gRPC what the files hold. Its own provider of files would let in nobody, nor call anybody, for as long as a file cannot be
 * read or a key is not that of the certificate; here what was in use before stays so.
 */
class FilesProvider implements experimental.CertificateProvider {
  private readonly stops = new Map<CaListener | IdentityListener, () => void>();

  constructor(private readonly files: CertificateFiles<Required<Certificates>>) {}

  addCaCertificateListener(listener: CaListener): void {
    this.add(listener, () => listener({ caCertificate: this.files.current.ca }));
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.add(listener, () => {
      const { cert: certificate, key: privateKey } = this.files.current;
      listener({ certificate, privateKey });
    });
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.remove(listener);
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.remove(listener);
  }

  private add(listener: CaListener | IdentityListener, tell: () => void): void {
    this.stops.set(listener, this.files.watch({ renewed: tell }));
    // Whoever adds it is not ready to be told before it has returned.
    process.nextTick(tell);
  }

  private remove(listener: CaListener | IdentityListener): void {
    this.stops.get(listener)?.();
    this.stops.delete(listener);
  }
}
