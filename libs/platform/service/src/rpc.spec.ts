import {
  type ClientUnaryCall,
  credentials,
  type handleUnaryCall,
  makeGenericClientConstructor,
  Metadata,
  type ServerUnaryCall,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { pingService } from '../test/ping-service';
import { GrpcServer } from './grpc-server';
import { createLogger } from './logger';
import { rpcError, unaryHandler } from './rpc';

const quiet = createLogger('spec', { level: 'silent', format: 'json' });

describe('calls that are refused', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  const call = () =>
    ({
      request: {},
      metadata: new Metadata(),
      getDeadline: () => Infinity,
      on: () => undefined,
    }) as unknown as ServerUnaryCall<object, object>;
  const ask = (handler: handleUnaryCall<object, object>) =>
    new Promise((resolve) => handler(call(), (error) => resolve((error as ServiceError).code)));
  const askOften = async (error: Error, often = 50) => {
    const handler = unaryHandler(quiet, 'Rank', () => Promise.reject(error));
    return Promise.all(Array.from({ length: often }, () => ask(handler)));
  };

  it.each([status.RESOURCE_EXHAUSTED, status.UNAVAILABLE, status.FAILED_PRECONDITION])(
    'are logged ten times a second, and then how many there were besides: code %d',
    async (code) => {
      const logged = jest.spyOn(quiet, 'warn');
      expect(await askOften(rpcError(code, 'not now'))).toEqual(new Array(50).fill(code));
      expect(logged.mock.calls.map(([, message]) => message as unknown)).toEqual(new Array(10).fill('refused'));
      jest.advanceTimersByTime(1_000);
      expect(logged.mock.calls.slice(10)).toEqual([[{ rpc: 'Rank', leftOut: 40 }, 'refused, more often']]);
    },
  );

  it('by a fault of the service are logged each', async () => {
    const [logged, warned] = [jest.spyOn(quiet, 'error'), jest.spyOn(quiet, 'warn')];
    expect(await askOften(new TypeError('bug'))).toEqual(new Array(50).fill(status.INTERNAL));
    expect(logged).toHaveBeenCalledTimes(50);
    await askOften(rpcError(status.INTERNAL, 'bug'));
    expect(warned).toHaveBeenCalledTimes(50);
  });
});

describe('the signal of a call', () => {
  const PING = pingService('spec');
  type Ping = (request: Buffer, callback: (error: ServiceError | null, answer?: Buffer) => void) => ClientUnaryCall;

  let server: GrpcServer;
  let client: InstanceType<ReturnType<typeof makeGenericClientConstructor>>;
  let work: () => Promise<Buffer>;
  let signal: AbortSignal;
  let begun: Promise<void>;
  /** Fulfils when gRPC has told that the call is over. */
  let over: Promise<void>;
  const ping = (callback: (error: ServiceError | null, answer?: Buffer) => void) =>
    (client['ping'] as Ping).call(client, Buffer.from('ping'), callback);

  beforeEach(async () => {
    let begin: () => void;
    let end: () => void;
    begun = new Promise((resolve) => (begin = resolve));
    over = new Promise((resolve) => (end = resolve));
    const handler = unaryHandler<Buffer, Buffer>(quiet, 'Ping', (_request, context) => {
      signal = context.signal;
      begin();
      return work();
    });
    server = new GrpcServer(quiet, 'spec', PING, {
      ping: (call: ServerUnaryCall<Buffer, Buffer>, callback: Parameters<typeof handler>[1]) => {
        handler(call, callback);
        call.on('cancelled', () => end());
      },
    });
    const port = await server.listen('127.0.0.1', 0);
    const Client = makeGenericClientConstructor(PING, 'spec');
    client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  });
  afterEach(async () => {
    client.close();
    await server.close();
  });

  const end = async () => {
    await new Promise<void>((resolve) => ping(() => resolve()));
    await over;
  };

  it('stays as it is where the call ends with an answer', async () => {
    work = async () => Buffer.from('pong');
    await end();
    expect(signal.aborted).toBe(false);
  });

  it('is aborted by a refusal, for what that left waiting, and no error is made for it', async () => {
    work = () => Promise.reject(rpcError(status.UNAVAILABLE, 'not now'));
    await end();
    expect(signal.reason).toBe('refused');
  });

  it('is aborted by a caller that cancels', async () => {
    work = () => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    const answered = new Promise<ServiceError | null>((resolve) => {
      const call = ping((error) => resolve(error));
      void begun.then(() => call.cancel());
    });
    await over;
    expect(signal.aborted).toBe(true);
    expect((await answered)?.code).toBe(status.CANCELLED);
  });
});
