/** Certificates for specs, made by openssl. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

function openssl(directory: string, ...args: string[]): void {
  execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
}

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** An authority, and a certificate of it for `service`, in `directory` as `NAME.pem` and `NAME.key`. */
export function makeAuthority(directory: string, authority: string, service: string): void {
  const files = ['-keyout', `${authority}.key`, '-out', `${authority}.pem`];
  openssl(directory, 'req', '-x509', ...EC_KEY, ...files, '-days', '2', '-subj', `/CN=${authority}`);
  makeCertificate(directory, authority, service);
}

/** One more certificate of an authority that is there, for `services.watchnext` and 127.0.0.1; with no days it ends as it begins. */
export function makeCertificate(directory: string, authority: string, service: string, days = 2): void {
  openssl(
    directory,
    'req',
    ...EC_KEY,
    '-keyout',
    `${service}.key`,
    '-out',
    `${service}.csr`,
    '-subj',
    `/CN=${service}`,
  );
  writeFileSync(join(directory, 'san'), 'subjectAltName=DNS:services.watchnext,IP:127.0.0.1\n');
  openssl(
    directory,
    ...['x509', '-req', '-in', `${service}.csr`, '-CA', `${authority}.pem`, '-CAkey', `${authority}.key`],
    ...['-CAcreateserial', '-out', `${service}.pem`, '-days', `${days}`, '-extfile', 'san'],
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
