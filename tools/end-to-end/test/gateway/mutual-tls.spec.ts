/** Services that prove themselves to each other over gRPC. */
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '@watchnext/config';
import { grpcServerCredentials, MetricsRegistry, SERVICE_METRICS, watchCertificates } from '@watchnext/service';
import { makeAuthority, tlsSettings } from '@watchnext/testing';
import { rankingSettings } from '../../../../apps/ranking/src/config';
import { FIRST_SNAPSHOT, freePort, silent, watchEvent, World } from './world';

describe('mutual TLS between services', () => {
  let world: World;
  let directory: string;
  const metricsPorts: number[] = [];
  const files = (authority: string, service: string) => ({
    ...tlsSettings(directory, authority, service),
    // Nobody sends events here; in the clear they would not be passed on.
    WATCHNEXT_INGESTION_URL: 'https://127.0.0.1:1',
  });

  beforeAll(async () => {
    world = await World.create();
    directory = await world.temporaryDirectory();
    makeAuthority(directory, 'ours', 'service');
    makeAuthority(directory, 'theirs', 'stranger');
    await world.fold('ada', watchEvent('ada', 'v00'));
    await world.publish(FIRST_SNAPSHOT);
    metricsPorts.push(await freePort(), await freePort());
    const [retrieval, ranking] = metricsPorts.map((port) => ({
      ...files('ours', 'service'),
      WATCHNEXT_METRICS_PORT: String(port),
    }));
    await Promise.all([world.startRetrieval(undefined, retrieval), world.startRanking(undefined, ranking)]);
  });
  afterAll(() => world.close());

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
    const gateway = await world.startGateway(environment());
    const answer = await gateway.recommend('ada');
    expect(answer).toMatchObject({ rung: 'memory-popular' });
    expect(answer.rungReason).toMatch(/retrieval: unreachable.*ranking: unreachable/);
  });

  it('has each service tell when its certificate ends', async () => {
    const { validTo } = new X509Certificate(readFileSync(join(directory, 'service.pem')));
    const gateway = await world.startGateway(files('ours', 'service'));
    const urls = [gateway.url, ...metricsPorts.map((port) => `http://127.0.0.1:${port}`)];
    for (const url of urls) {
      const text = await (await fetch(`${url}/metrics`)).text();
      const [, seconds] = /^watchnext_tls_certificate_expiry_seconds (\S+)$/m.exec(text) ?? [];
      expect(Number(seconds)).toBe(Date.parse(validTo) / 1_000);
    }
  });

  it('has a service without a certificate tell of none, and one whose file is none name the setting', () => {
    const metrics = new MetricsRegistry({});
    watchCertificates(metrics, loadConfig(rankingSettings, {}), silent);
    expect(metrics.render()).toContain(`\n${SERVICE_METRICS.certificateExpiry} NaN\n`);
    const path = join(directory, 'no-certificate.pem');
    writeFileSync(path, 'nothing');
    const environment = { ...files('ours', 'service'), WATCHNEXT_GRPC_TLS_CERT_FILE: path };
    expect(() => watchCertificates(metrics, loadConfig(rankingSettings, environment), silent)).toThrow(
      'WATCHNEXT_GRPC_TLS_CERT_FILE: holds no certificate in PEM',
    );
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
