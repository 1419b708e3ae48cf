import { credentials, makeGenericClientConstructor, type ServiceDefinition } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { pingService } from '../test/ping-service';
import { GrpcServer, LIVENESS_SERVICE } from './grpc-server';
import { createLogger } from './logger';

const NAME = 'watchnext.test.v1.TestService';

const PING = pingService(NAME);

type Check = (
  request: { service: string },
  callback: (error: Error | null, answer?: { status: string }) => void,
) => void;

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
});
