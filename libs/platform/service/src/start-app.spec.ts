import type { INestApplicationContext } from '@nestjs/common';
import { createLogger } from './logger';
import { servingOrClosed } from './start-app';

describe('a service that does not start', () => {
  const logger = createLogger('spec', { level: 'silent', format: 'json' });
  const start = (close: () => Promise<void>) =>
    servingOrClosed(
      { close } as INestApplicationContext,
      logger,
      () => Promise.reject(new Error('the port is taken')),
      50,
    );
  afterEach(() => jest.restoreAllMocks());

  it('is closed, and says why it did not', async () => {
    const close = jest.fn(async () => undefined);
    const warned = jest.spyOn(logger, 'warn');
    await expect(start(close)).rejects.toThrow('the port is taken');
    expect([close.mock.calls.length, warned.mock.calls.length]).toEqual([1, 0]);
  });

  it.each([
    ['fails', () => Promise.reject(new Error('no broker answers')), 'no broker answers'],
    ['does not end', () => new Promise<void>(() => undefined), 'took too long'],
  ])('says so though its close %s', async (_, close, reason) => {
    const warned = jest.spyOn(logger, 'warn');
    await expect(start(close)).rejects.toThrow('the port is taken');
    expect(warned.mock.calls).toEqual([
      [{ err: expect.objectContaining({ message: reason }) }, 'did not start, and could not close what it had opened'],
    ]);
  });
});
