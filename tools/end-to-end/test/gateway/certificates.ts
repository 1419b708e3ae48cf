/** Certificates for specs, made by openssl. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

function openssl(directory: string, ...args: string[]): void {
  execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
}

/** An authority, and a certificate of it for localhost, in `directory` under these names. */
export function makeAuthority(directory: string, authority: string, service: string): void {
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    directory,
    'req',
    '-x509',
    ...ec,
    '-keyout',
    `${authority}.key`,
    '-out',
    `${authority}.pem`,
    '-days',
    '2',
    '-subj',
    `/CN=${authority}`,
  );
  openssl(directory, 'req', ...ec, '-keyout', `${service}.key`, '-out', `${service}.csr`, '-subj', `/CN=${service}`);
  writeFileSync(join(directory, 'san'), 'subjectAltName=DNS:services.watchnext,IP:127.0.0.1\n');
  openssl(
    directory,
    ...['x509', '-req', '-in', `${service}.csr`, '-CA', `${authority}.pem`, '-CAkey', `${authority}.key`],
    ...['-CAcreateserial', '-out', `${service}.pem`, '-days', '2', '-extfile', 'san'],
  );
}

/** The settings of a service that trusts `authority` and shows the certificate of `service`. */
export function tlsSettings(directory: string, authority: string, service: string) {
  return {
    WATCHNEXT_GRPC_TLS_CA_FILE: join(directory, `${authority}.pem`),
    WATCHNEXT_GRPC_TLS_CERT_FILE: join(directory, `${service}.pem`),
    WATCHNEXT_GRPC_TLS_KEY_FILE: join(directory, `${service}.key`),
  };
}
