import { setTimeout as delay } from 'node:timers/promises';
import {
  type ClientReadableStream,
  credentials,
  makeGenericClientConstructor,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { eventually } from '@watchnext/waiting/testing';
import { pingService } from '../test/ping-service';
import { GrpcServer, LIVENESS_SERVICE } from './grpc-server';
import { createLogger } from './logger';

const NAME = 'watchnext.test.v1.TestService';

const PING = pingService(NAME);

type Check = (
  request: { service: string },
  callback: (error: Error | null, answer?: { status: string }) => void,
) => void;

type Watch = (request: { service: string }) => ClientReadableStream<{ status: string }>;

describe('a gRPC server before its first snapshot', () => {
  let server: GrpcServer;
  let client: InstanceType<ReturnType<typeof makeGenericClientConstructor>>;
  const check = (service: string) =>
    new Promise<string | undefined>((resolve, reject) =>
      (client['check'] as unknown as Check).call(client, { service }, (error, answer) =>
        error ? reject(error) : resolve(answer?.status),
      ),
    );

  beforeAll(async () => {
    server = new GrpcServer(createLogger('test', { level: 'silent', format: 'json' }), NAME, PING, {});
    const port = await server.listen('127.0.0.1', 0);
    const Client = makeGenericClientConstructor(healthService as unknown as ServiceDefinition, 'Health');
    client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  });
  afterAll(async () => {
    client.close();
    await server.close();
  });

  it('is alive, so that nothing restarts it, and gets no calls', async () => {
    await expect(check(LIVENESS_SERVICE)).resolves.toBe('SERVING');
    await expect(check(NAME)).resolves.toBe('NOT_SERVING');
    await expect(check('')).resolves.toBe('NOT_SERVING');
  });

  it('gets calls once it is told to serve', async () => {
    server.setServing(true);
    await expect(check(NAME)).resolves.toBe('SERVING');
    await expect(check('')).resolves.toBe('SERVING');
  });

  it('gets none while it drains, whatever comes to serve meanwhile', async () => {
    const told: string[] = [];
    const watch = (client['watch'] as unknown as Watch).call(client, { service: NAME });
    watch.on('data', ({ status }) => told.push(status));
    // It ends by being cancelled.
    watch.on('error', () => undefined);
    await eventually(() => told.length > 0, 'the first state');
    const closed = server.close();
    server.setServing(true);
    await eventually(() => told.length > 1, 'the state after the stop');
    await delay(20);
    expect(told.slice(1)).not.toContain('SERVING');
    watch.cancel();
    await closed;
  });
});
