/**
 * A broker that wants TLS, a SCRAM user and authorisation: certificates by `openssl`, the admin and the users in the
 * cluster's own metadata from the start.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requirePrograms } from './programs';

export interface KafkaUser {
  readonly username: string;
  readonly password: string;
}

export interface KafkaSecurity {
  /** File with the authority that signed the brokers' certificates. */
  readonly caFile: string;
  /** May do everything. */
  readonly admin: KafkaUser;
  /** Is known, and may do nothing until somebody grants it. */
  readonly user: KafkaUser;
  /** Those that were asked for; they too may do nothing until somebody grants it. */
  readonly users: readonly KafkaUser[];
}

/** Certificates for 127.0.0.1 in `directory`, and users with fresh passwords. */
export function createSecurity(directory: string, usernames: readonly string[] = []): KafkaSecurity {
  requirePrograms(['openssl']);
  mkdirSync(directory, { recursive: true });
  const file = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => {
    const run = spawnSync('openssl', args, { encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`openssl ${args[0]} failed:\n${run.stderr}`);
  };
  const newKey = ['-newkey', 'rsa:2048', '-nodes', '-days', '30'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.pem'),
    '-subj',
    '/CN=local-stack authority',
  );
  openssl(
    'req',
    ...newKey.slice(0, 3),
    '-keyout',
    file('broker.key'),
    '-out',
    file('broker.csr'),
    '-subj',
    '/CN=localhost',
  );
  writeFileSync(file('names.cnf'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  openssl(
    ...['x509', '-req', '-days', '30', '-in', file('broker.csr'), '-CA', file('ca.pem'), '-CAkey', file('ca.key')],
    ...['-CAcreateserial', '-extfile', file('names.cnf'), '-out', file('broker.pem')],
  );
  openssl(
    ...['pkcs12', '-export', '-in', file('broker.pem'), '-inkey', file('broker.key'), '-certfile', file('ca.pem')],
    ...['-out', file('broker.p12'), '-passout', `pass:${KEYSTORE_PASSWORD}`],
  );
  const user = (username: string) => ({ username, password: randomBytes(12).toString('hex') });
  return { caFile: file('ca.pem'), admin: user('admin'), user: user('guest'), users: usernames.map(user) };
}

/** The keystore lies beside its key, so this protects nothing; the format wants one. */
const KEYSTORE_PASSWORD = 'local-stack';

/** Lines of server.properties. The brokers themselves talk over the controllers' plain listener and one of their own. */
export function securityProperties(directory: string): string[] {
  return [
    'listener.security.protocol.map=CLIENT:SASL_SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.client.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'listener.name.client.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'ssl.keystore.type=PKCS12',
    `ssl.keystore.location=${join(directory, 'broker.p12')}`,
    `ssl.keystore.password=${KEYSTORE_PASSWORD}`,
    `ssl.key.password=${KEYSTORE_PASSWORD}`,
    'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users=User:admin;User:ANONYMOUS',
  ];
}

/** Arguments of the storage tool that put the users into the metadata. */
export function scramArguments({ admin, user, users }: KafkaSecurity): string[] {
  return ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) =>
    [admin, user, ...users].flatMap(({ username, password }) => [
      '--add-scram',
      `${mechanism}=[name=${username},password=${password}]`,
    ]),
  );
}
