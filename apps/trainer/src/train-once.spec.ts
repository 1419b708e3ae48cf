import type { INestApplicationContext } from '@nestjs/common';
import { EXIT_CODES, parseCommand } from './cli';
import { RunStoppedError } from './errors';
import { trainOnce } from './train-once';
import { LOGGER } from './tokens';

describe('one run', () => {
  const command = parseCommand(['--once'], { exitOverride: true });
  const logger = { info: jest.fn(), warn: jest.fn(), error: jest.fn() };
  beforeEach(() => jest.clearAllMocks());

  const appOf = (run: () => Promise<unknown>) =>
    ({
      get: (token: unknown) => (token === LOGGER ? logger : { run }),
      close: () => Promise.reject(new Error('the disk is full')),
    }) as unknown as INestApplicationContext;

  it.each([
    ['published', async () => ({ outcome: 'published' }), EXIT_CODES.published],
    ['rejected', async () => ({ outcome: 'rejected' }), EXIT_CODES.rejected],
    ['stopped', () => Promise.reject(new RunStoppedError('replay')), EXIT_CODES.stopped],
  ])('that was %s keeps its exit code where closing fails, which is told', async (_, run, code) => {
    expect(await trainOnce(appOf(run), command)).toBe(code);
    expect(logger.error).toHaveBeenCalledWith(
      { err: expect.objectContaining({ message: 'the disk is full' }) },
      'failed while closing, after the run: the disk is full',
    );
  });
});
