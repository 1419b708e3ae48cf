/** A producer and a collector over TLS, each with a certificate that the other asks for: a real server, real certificates. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { EventBatch } from '@watchnext/contract';
import { eventually, makeAuthority, makeCertificate, temporaryDirectory } from '@watchnext/testing';
import { searchEvent } from './create-event';
import type { ProducerClientError } from './errors';
import type { ClientCertificates } from './index';
import { ProducerClient } from './producer-client';

describe('a producer client whose collector asks for certificates', () => {
  let directory: { path: string; remove(): Promise<void> };
  let server: Server;
  let url: string;
  const received: { query: string; from: string }[] = [];
  const clients: ProducerClient[] = [];
  const pem = (name: string) => readFileSync(join(directory.path, name));
  const ours = (): ClientCertificates => ({ ca: pem('ours.pem'), cert: pem('player.pem'), key: pem('player.key') });

  const make = (tls: ClientCertificates | undefined, errors: ProducerClientError[] = []) => {
    const onError = (error: ProducerClientError) => errors.push(error);
    const client = new ProducerClient({ url, producer: 'spec', tls, retryBaseMs: 2, retryCapMs: 10, onError });
    clients.push(client);
    return client;
  };
  /** @returns what the client reports first, having sent an event that cannot arrive */
  const firstError = async (tls: ClientCertificates | undefined): Promise<ProducerClientError> => {
    const errors: ProducerClientError[] = [];
    const client = make(tls, errors);
    await client.send(searchEvent({ userId: 'ada', query: 'lost' }));
    await eventually(() => errors.length > 0, 'a failure that the client tells');
    expect(received.map(({ query }) => query)).not.toContain('lost');
    expect(client.statistics()).toMatchObject({ acceptedEvents: 0, pendingEvents: 1 });
    return errors[0] as ProducerClientError;
  };

  beforeAll(async () => {
    directory = await temporaryDirectory('producer-tls');
    makeAuthority(directory.path, 'ours', 'collector');
    makeAuthority(directory.path, 'theirs', 'stranger');
    makeCertificate(directory.path, 'ours', 'player');
    makeCertificate(directory.path, 'ours', 'renewed');
    const files = { ca: pem('ours.pem'), cert: pem('collector.pem'), key: pem('collector.key') };
    server = createServer({ ...files, requestCert: true, rejectUnauthorized: true }, async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { events } = EventBatch.decode(Buffer.concat(chunks));
      const from = (request.socket as TLSSocket).getPeerCertificate().subject.CN as string;
      for (const { body } of events) received.push({ query: (body?.value as { query: string }).query, from });
      response.end(JSON.stringify({ results: events.map((_, index) => ({ index, status: 'accepted' })) }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close(0).catch(() => undefined)));
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await directory.remove();
  });

  it('shows its own, and delivers', async () => {
    const client = make(ours());
    for (const query of ['one', 'two']) {
      await client.send(searchEvent({ userId: 'ada', query }));
      await client.flush();
    }
    expect(received).toEqual([
      { query: 'one', from: 'player' },
      { query: 'two', from: 'player' },
    ]);
    expect(client.statistics()).toMatchObject({ acceptedEvents: 2, failedTries: 0 });
  });

  it('takes the collector under another name than its address, where it is told which', async () => {
    const client = make({ ...ours(), servername: 'services.watchnext' });
    await client.send(searchEvent({ userId: 'ada', query: 'by name' }));
    await client.flush();
    expect(received.at(-1)).toEqual({ query: 'by name', from: 'player' });
  });

  it('shows those that are put into its options later', async () => {
    const tls = { ...ours() };
    const client = make(tls);
    await client.send(searchEvent({ userId: 'ada', query: 'before' }));
    await client.flush();
    Object.assign(tls, { cert: pem('renewed.pem'), key: pem('renewed.key') });
    await client.send(searchEvent({ userId: 'ada', query: 'after' }));
    await client.flush();
    expect(received.slice(-2)).toEqual([
      { query: 'before', from: 'player' },
      { query: 'after', from: 'renewed' },
    ]);
    expect(client.statistics()).toMatchObject({ acceptedEvents: 2, failedTries: 0 });
  });

  it.each<[string, () => ClientCertificates | undefined, RegExp]>([
    ['without a certificate', () => ({ ca: pem('ours.pem') }), /CERTIFICATE_REQUIRED.*asks for tls\.cert and tls\.key/],
    ['that does not know its authority', () => undefined, /SELF_SIGNED_CERT_IN_CHAIN.*tls\.ca must be the authority/],
    [
      'that expects another name',
      () => ({ ...ours(), servername: 'elsewhere.watchnext' }),
      /ERR_TLS_CERT_ALTNAME_INVALID.*tls\.servername must be the name/,
    ],
  ])('keeps the events of a client %s, and says what to mend', async (_, tls, message) => {
    expect(await firstError(tls())).toMatchObject({
      code: 'delivery',
      retriable: true,
      message: expect.stringMatching(message),
    });
  });

  it('keeps the events of a client with a certificate of another authority', async () => {
    const stranger = { ca: pem('ours.pem'), cert: pem('stranger.pem'), key: pem('stranger.key') };
    expect(await firstError(stranger)).toMatchObject({ code: 'delivery', retriable: true });
  });

  it.each<[string, string, () => ClientCertificates | undefined, RegExp]>([
    ['an address without a protocol', 'localhost:7001', () => undefined, /^url: localhost:7001 is no address/],
    ['no address', '', () => undefined, /^url:/],
    ['certificates for calls in the clear', 'http://127.0.0.1:1', ours, /^tls: .*https:\/\//],
    ['a certificate without its key', 'https://127.0.0.1:1', () => ({ cert: pem('player.pem') }), /^tls: cert and key/],
    ['what is no PEM', 'https://127.0.0.1:1', () => ({ ca: 'x', cert: 'y', key: 'z' }), /^tls: .*cannot be used/],
  ])('is not made with %s', (_, address, tls, message) => {
    const client = () => new ProducerClient({ url: address, producer: 'spec', tls: tls() });
    expect(client).toThrow(
      expect.objectContaining({ code: 'option', retriable: false, message: expect.stringMatching(message) }),
    );
  });
});
