/** Services that prove themselves to each other, with certificates made here by openssl. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '@watchnext/config';
import { grpcServerCredentials } from '@watchnext/service';
import { rankingSettings } from '../../../../apps/ranking/src/config';
import { FIRST_SNAPSHOT, watchEvent, World } from './world';

function openssl(directory: string, ...args: string[]): void {
  execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
}

/** An authority, and a certificate of it for localhost, in `directory` under these names. */
function makeAuthority(directory: string, authority: string, service: string): void {
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

describe('mutual TLS between services', () => {
  let world: World;
  let directory: string;
  const files = (authority: string, service: string) => ({
    WATCHNEXT_GRPC_TLS_CA_FILE: join(directory, `${authority}.pem`),
    WATCHNEXT_GRPC_TLS_CERT_FILE: join(directory, `${service}.pem`),
    WATCHNEXT_GRPC_TLS_KEY_FILE: join(directory, `${service}.key`),
  });

  beforeAll(async () => {
    world = await World.create();
    directory = await world.temporaryDirectory();
    makeAuthority(directory, 'ours', 'service');
    makeAuthority(directory, 'theirs', 'stranger');
    await world.fold('ada', watchEvent('ada', 'v00'));
    await world.publish(FIRST_SNAPSHOT);
    await Promise.all([
      world.startRetrieval(undefined, files('ours', 'service')),
      world.startRanking(undefined, files('ours', 'service')),
    ]);
  });
  afterAll(() => world.close(), 20_000);

  it('serves a gateway whose certificate is of their authority', async () => {
    const gateway = await world.startGateway(files('ours', 'service'));
    expect(await gateway.recommend('ada')).toMatchObject({ rung: 'full' });
  });

  it('takes the name that certificates carry from the configuration', async () => {
    const named = await world.startGateway({
      ...files('ours', 'service'),
      WATCHNEXT_GRPC_TLS_SERVER_NAME: 'services.watchnext',
    });
    expect(await named.recommend('ada')).toMatchObject({ rung: 'full' });
    const misnamed = await world.startGateway({
      ...files('ours', 'service'),
      WATCHNEXT_GRPC_TLS_SERVER_NAME: 'elsewhere.watchnext',
      WATCHNEXT_DEADLINE_MS: '2000',
    });
    expect(await misnamed.recommend('ada')).toMatchObject({ rung: 'memory-popular' });
  });

  it.each([
    ['none', () => ({})],
    [
      'one of another authority',
      () => ({ ...files('theirs', 'stranger'), WATCHNEXT_GRPC_TLS_CA_FILE: join(directory, 'ours.pem') }),
    ],
    [
      'one of theirs, but trusts another authority',
      () => ({ ...files('ours', 'service'), WATCHNEXT_GRPC_TLS_CA_FILE: join(directory, 'theirs.pem') }),
    ],
  ])('has no dealings with a gateway whose certificate is %s', async (_, environment: () => Record<string, string>) => {
    const gateway = await world.startGateway({ ...environment(), WATCHNEXT_DEADLINE_MS: '2000' });
    const answer = await gateway.recommend('ada');
    expect(answer).toMatchObject({ rung: 'memory-popular' });
    expect(answer.rungReason).toMatch(/retrieval: unreachable.*ranking: unreachable/);
  });

  it('is not begun with half of the files, or with one that is not there', () => {
    const begin = (environment: Record<string, string>) => () =>
      grpcServerCredentials(loadConfig(rankingSettings, environment));
    expect(begin({ WATCHNEXT_GRPC_TLS_CA_FILE: join(directory, 'ours.pem') })).toThrow(
      /WATCHNEXT_GRPC_TLS_CERT_FILE: is needed[\s\S]*WATCHNEXT_GRPC_TLS_KEY_FILE: is needed/,
    );
    const missing = { ...files('ours', 'service'), WATCHNEXT_GRPC_TLS_KEY_FILE: join(directory, 'nowhere.key') };
    expect(begin(missing)).toThrow('WATCHNEXT_GRPC_TLS_KEY_FILE: cannot be read (ENOENT)');
    expect(begin({})).not.toThrow();
  });
});
