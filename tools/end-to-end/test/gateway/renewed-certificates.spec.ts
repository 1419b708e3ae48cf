/** Certificates that are renewed, and then of another authority, while services talk: nobody is restarted, and no request fails. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { grpcCertificates, loadConfig } from '@watchnext/config';
import { newEventId } from '@watchnext/producer-client';
import { eventually, FaultProxy, makeAuthority, makeCertificate, MountedSecret } from '@watchnext/testing';
import { ingestionSettings } from '../../../../apps/ingestion/src/config';
import { startIngestion } from '../../../../apps/ingestion/src/start';
import { FIRST_SNAPSHOT, freePort, silent, type TestGateway, watchEvent, World } from './world';

const SERVICES = ['gateway', 'retrieval', 'ranking', 'collector'] as const;
type Service = (typeof SERVICES)[number];
type Authority = 'old' | 'new';
type Name = 'ca.crt' | 'tls.crt' | 'tls.key';

describe('services whose certificates are renewed', () => {
  let world: World;
  let directory: string;
  let collectorPort: number;
  let gateway: TestGateway;
  /** Another, whose connections to retrieval and ranking can be cut. */
  let cutGateway: TestGateway;
  const proxies: FaultProxy[] = [];
  const secrets = new Map<Service, MountedSecret<Name>>();
  const pem = (name: string) => readFileSync(join(directory, name));

  /** What a service has: its certificate of one authority, and trust in some. */
  const contents = (service: Service, issuer: Authority, trusted: readonly Authority[]): Record<Name, Buffer> => ({
    'ca.crt': Buffer.concat(trusted.map((authority) => pem(`${authority}.pem`))),
    'tls.crt': pem(`${issuer}-${service}.pem`),
    'tls.key': pem(`${issuer}-${service}.key`),
  });
  const filesOf = (service: Service) => {
    const secret = secrets.get(service)!;
    return {
      WATCHNEXT_GRPC_TLS_CA_FILE: secret.path('ca.crt'),
      WATCHNEXT_GRPC_TLS_CERT_FILE: secret.path('tls.crt'),
      WATCHNEXT_GRPC_TLS_KEY_FILE: secret.path('tls.key'),
    };
  };
  /** Swaps the files of one service after the other, as kubelets do, and waits until each has read them. */
  const renew = async (issuer: Authority, trusted: readonly Authority[]) => {
    for (const service of SERVICES) {
      secrets.get(service)!.replace(contents(service, issuer, trusted));
      await sleep(200);
    }
    await eventually(() => {
      for (const service of SERVICES) {
        const wanted = contents(service, issuer, trusted);
        const { ca, cert } = grpcCertificates(filesOf(service))!.current;
        expect([ca, cert]).toEqual([wanted['ca.crt'], wanted['tls.crt']]);
      }
    });
  };
  const ports = () => [world.retrievalPort, world.rankingPort, collectorPort];

  /** @returns the authority of the certificate that a server shows; rejects where it does not take the caller's */
  const issuerAt = (port: number, caller: Authority): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({
        port,
        host: '127.0.0.1',
        ca: [pem('old.pem'), pem('new.pem')],
        cert: pem(`${caller}-gateway.pem`),
        key: pem(`${caller}-gateway.key`),
        // An answer is what says that the certificate was taken: a server of HTTP/2 begins, one of HTTP/1.1 is asked.
        ALPNProtocols: ['h2', 'http/1.1'],
      });
      if (port === collectorPort) socket.write('GET /livez HTTP/1.1\r\nhost: spec\r\n\r\n');
      socket.on('data', () => {
        resolve(socket.getPeerCertificate().issuer.CN as string);
        socket.destroy();
      });
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('closed without an answer')));
    });
  const issuers = (caller: Authority) => Promise.all(ports().map((port) => issuerAt(port, caller)));
  const expiryOf = (name: string) => Date.parse(new X509Certificate(pem(name)).validTo) / 1_000;

  /** Asks for lists and sends events, one after the other, until it is stopped. @returns how many of each */
  const traffic = () => {
    let stopped = false;
    const failures: unknown[] = [];
    const counts = { lists: 0, events: 0 };
    const running = (async () => {
      while (!stopped) {
        const list = await gateway.recommend('ada');
        if (list.rung === 'full') counts.lists += 1;
        else failures.push(list.rungReason);
        const userUpserted = { userId: 'ada' };
        const events = [{ eventId: newEventId(), occurredAtMs: Date.now(), producer: 'spec', userUpserted }];
        const response = await fetch(`${gateway.url}/v1/events`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ events }),
        });
        const body = (await response.json()) as { accepted?: number };
        if (response.status === 200 && body.accepted === 1) counts.events += 1;
        else failures.push(body);
        await sleep(5);
      }
    })();
    return {
      stop: async () => {
        stopped = true;
        await running;
        return { failures, ...counts };
      },
    };
  };

  beforeAll(async () => {
    world = await World.create();
    directory = await world.temporaryDirectory();
    for (const authority of ['old', 'new'] as const) {
      makeAuthority(directory, authority, `${authority}-gateway`);
      for (const service of SERVICES.slice(1)) makeCertificate(directory, authority, `${authority}-${service}`);
      // Their ends, to the second, are what the gauge is told by.
      await sleep(1_100);
    }
    for (const service of SERVICES)
      secrets.set(service, new MountedSecret(join(directory, service), contents(service, 'old', ['old'])));
    await world.fold('ada', watchEvent('ada', 'v00'));
    await world.publish(FIRST_SNAPSHOT);
    await Promise.all([
      world.startRetrieval(undefined, filesOf('retrieval')),
      world.startRanking(undefined, filesOf('ranking')),
    ]);
    const collector = await startIngestion(
      loadConfig(ingestionSettings, {
        WATCHNEXT_DATA_DIR: world.dataDirectory,
        WATCHNEXT_HTTP_PORT: '0',
        WATCHNEXT_METRICS_PORT: String(await freePort()),
        WATCHNEXT_INGESTION_ROLES: 'collect',
        ...filesOf('collector'),
      }),
      silent,
    );
    world.closing(collector.app);
    collectorPort = collector.port;
    const environment = { ...filesOf('gateway'), WATCHNEXT_INGESTION_URL: `https://127.0.0.1:${collectorPort}` };
    gateway = await world.startGateway(environment);
    for (const port of [world.retrievalPort, world.rankingPort]) proxies.push(await FaultProxy.start(port));
    cutGateway = await world.startGateway({
      ...environment,
      WATCHNEXT_RETRIEVAL_ADDRESS: `127.0.0.1:${proxies[0]!.port}`,
      WATCHNEXT_RANKING_ADDRESS: `127.0.0.1:${proxies[1]!.port}`,
    });
  });
  afterAll(async () => {
    await world.close();
    await Promise.all(proxies.map((proxy) => proxy.stop()));
  });

  it('go over to another authority without a restart, or a request that fails', async () => {
    expect(await cutGateway.recommend('ada')).toMatchObject({ rung: 'full' });
    expect(await issuers('old')).toEqual(['old', 'old', 'old']);
    await expect(issuerAt(collectorPort, 'new')).rejects.toThrow();
    await expect(issuerAt(world.retrievalPort, 'new')).rejects.toThrow();
    const running = traffic();

    await renew('old', ['old', 'new']);
    expect(await issuers('new')).toEqual(['old', 'old', 'old']);

    await renew('new', ['old', 'new']);
    expect(await issuers('new')).toEqual(['new', 'new', 'new']);
    expect(await gateway.metric('watchnext_tls_certificate_expiry_seconds')).toBe(expiryOf('new-gateway.pem'));

    await renew('new', ['new']);
    for (const port of ports()) await expect(issuerAt(port, 'old')).rejects.toThrow();
    // Those of the other gateway were opened under the old authority, and go on.
    expect(await cutGateway.recommend('ada')).toMatchObject({ rung: 'full' });
    for (const proxy of proxies) proxy.reset();
    await cutGateway.until(({ body }) => body.rung === 'full', '/v1/users/ada/recommendations');

    const { failures, lists, events } = await running.stop();
    expect(failures).toEqual([]);
    expect(Math.min(lists, events)).toBeGreaterThan(5);
    expect(await issuers('new')).toEqual(['new', 'new', 'new']);
  });
});
