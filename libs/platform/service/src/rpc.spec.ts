import { type handleUnaryCall, Metadata, type ServerUnaryCall, type ServiceError, status } from '@grpc/grpc-js';
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
    ({ request: {}, metadata: new Metadata(), getDeadline: () => Infinity, on: () => undefined }) as unknown as
      ServerUnaryCall<object, object>;
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
