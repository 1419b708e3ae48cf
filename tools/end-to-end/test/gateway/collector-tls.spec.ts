/** Events that a gateway passes on to a collector over TLS, each with a certificate that the other asks for. */
import { once } from 'node:events';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { clientTls, loadConfig } from '@watchnext/config';
import { TOPICS } from '@watchnext/contract';
import { newEventId } from '@watchnext/producer-client';
import { httpsServerOptions, type Logger, logRefusedCallers } from '@watchnext/service';
import { eventually, makeAuthority, tlsSettings } from '@watchnext/testing';
import { gatewaySettings } from '../../../../apps/gateway/src/config';
import { ingestionSettings } from '../../../../apps/ingestion/src/config';
import { startIngestion } from '../../../../apps/ingestion/src/start';
import { type Answer, freePort, silent, type TestGateway, World } from './world';

describe('a collector that asks for certificates', () => {
  let world: World;
  let directory: string;
  let url: string;
  let metricsPort: number;
  const files = (authority: string, service: string) => tlsSettings(directory, authority, service);

  const startCollector = async (environment: Record<string, string>) => {
    const { app, port } = await startIngestion(
      loadConfig(ingestionSettings, {
        WATCHNEXT_DATA_DIR: world.dataDirectory,
        WATCHNEXT_HTTP_PORT: '0',
        WATCHNEXT_INGESTION_ROLES: 'collect',
        ...environment,
      }),
      silent,
    );
    world.closing(app);
    return `127.0.0.1:${port}`;
  };

  /** Sends a profile through a gateway. */
  const send = async (gateway: TestGateway): Promise<Answer> => {
    const event = {
      eventId: newEventId(),
      occurredAtMs: Date.now(),
      producer: 'spec',
      userUpserted: { userId: 'ada' },
    };
    const response = await fetch(`${gateway.url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ events: [event] }),
    });
    return { status: response.status, body: await response.json() };
  };
  const gatewayWith = (environment: Record<string, string>) =>
    world.startGateway({ WATCHNEXT_INGESTION_URL: url, ...environment });
  const recordCount = async () => {
    const bounds = await world.log.bounds(TOPICS.activity);
    return bounds.reduce((sum, { firstOffset, endOffset }) => sum + endOffset - firstOffset, 0);
  };

  beforeAll(async () => {
    world = await World.create();
    directory = await world.temporaryDirectory();
    makeAuthority(directory, 'ours', 'service');
    makeAuthority(directory, 'theirs', 'stranger');
    metricsPort = await freePort();
    const environment = { ...files('ours', 'service'), WATCHNEXT_METRICS_PORT: String(metricsPort) };
    url = `https://${await startCollector(environment)}`;
  });
  afterAll(() => world.close());

  it('takes the events of a gateway whose certificate is of their authority', async () => {
    const gateway = await gatewayWith(files('ours', 'service'));
    const before = await recordCount();
    for (let sent = 0; sent < 3; sent++) {
      expect(await send(gateway)).toMatchObject({ status: 200, body: { accepted: 1 } });
    }
    expect(await recordCount()).toBe(before + 3);
  });

  it('takes nothing of a gateway whose certificate is of another authority, which says to send it later', async () => {
    const before = await recordCount();
    const stranger = {
      ...files('theirs', 'stranger'),
      WATCHNEXT_GRPC_TLS_CA_FILE: files('ours', '').WATCHNEXT_GRPC_TLS_CA_FILE,
    };
    const answer = await send(await gatewayWith(stranger));
    expect(answer).toMatchObject({ status: 502, body: { error: { message: expect.stringMatching(/again later/) } } });
    expect(await recordCount()).toBe(before);
  });

  it.each([
    ['that it does not trust', () => files('theirs', 'service'), /do not trust.*SELF_SIGNED_CERT_IN_CHAIN/],
    ['but has none itself', () => ({}), /do not trust.*SELF_SIGNED_CERT_IN_CHAIN/],
    [
      'for another name',
      () => ({ ...files('ours', 'service'), WATCHNEXT_GRPC_TLS_SERVER_NAME: 'elsewhere.watchnext' }),
      /do not trust.*ERR_TLS_CERT_ALTNAME_INVALID/,
    ],
  ])('is sent nothing by a gateway that is shown a certificate %s, and says why', async (_, environment, why) => {
    const before = await recordCount();
    expect(await send(await gatewayWith(environment()))).toMatchObject({
      status: 502,
      body: { error: { code: 'collector-untrusted', message: expect.stringMatching(why) } },
    });
    expect(await recordCount()).toBe(before);
  });

  it('refuses a caller without a certificate, in the words of TLS', async () => {
    const { ca } = clientTls(loadConfig(ingestionSettings, files('ours', 'service')))!;
    const call = request(`${url}/v1/events`, { method: 'POST', ca });
    const [error] = (await once(call.end('{}'), 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
  });

  it('answers probes and Prometheus in the clear, on a port of their own, and takes no events there', async () => {
    const get = (path: string) => fetch(`http://127.0.0.1:${metricsPort}${path}`);
    expect([(await get('/livez')).status, await (await get('/readyz')).text()]).toEqual([200, 'ready']);
    const metrics = await (await get('/metrics')).text();
    expect(metrics).toMatch(/watchnext_ingestion_events_total\{.*result="accepted".*\} 3/);
    const [, expirySeconds] = /^watchnext_tls_certificate_expiry_seconds (\S+)$/m.exec(metrics) ?? [];
    expect(Number(expirySeconds)).toBeGreaterThan(Date.now() / 1_000);
    const events = await fetch(`http://127.0.0.1:${metricsPort}/v1/events`, { method: 'POST', body: '{"events":[]}' });
    expect(events.status).toBe(404);
  });

  it('is not called in the clear by a gateway that has certificates', () => {
    const environment = { ...files('ours', 'service'), WATCHNEXT_INGESTION_URL: 'http://127.0.0.1:1' };
    expect(() => loadConfig(gatewaySettings, environment)).toThrow('WATCHNEXT_INGESTION_URL: must begin with https://');
  });

  it('names to its log whom it does not let in, and why', async () => {
    const lines: unknown[] = [];
    const server = createServer(httpsServerOptions(loadConfig(ingestionSettings, files('ours', 'service')))!);
    logRefusedCallers(server, { warn: (line: unknown) => lines.push(line) } as unknown as Logger);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const stranger = {
      ...files('theirs', 'stranger'),
      WATCHNEXT_GRPC_TLS_CA_FILE: files('ours', '').WATCHNEXT_GRPC_TLS_CA_FILE,
    };
    const options = clientTls(loadConfig(ingestionSettings, stranger));
    const call = request(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, options!);
    await once(call.end(), 'error');
    await eventually(() => expect(lines).toEqual([{ reason: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }]));
    server.close();
  });
});
