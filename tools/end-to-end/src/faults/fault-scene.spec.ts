import { existsSync } from 'node:fs';
import { startStack, stopStack } from '@watchnext/local-stack';
import { eventually } from '@watchnext/testing';
import { stopWorldsOnSignal } from '../interruption';
import { FaultScene } from './fault-scene';

jest.mock('@watchnext/local-stack', () => ({
  ...jest.requireActual('@watchnext/local-stack'),
  startStack: jest.fn(),
  stopStack: jest.fn(),
}));
const servers = { redis: true, kafka: false, s3: false };

afterEach(() => {
  jest.restoreAllMocks();
  for (const signal of ['SIGINT', 'SIGTERM']) process.removeAllListeners(signal);
});

describe('a scene of faults', () => {
  it('is stopped by a signal while its servers start, and once only', async () => {
    let fail: (error: Error) => void = () => undefined;
    jest.mocked(startStack).mockReturnValue(new Promise((_, reject) => (fail = reject)));
    jest.mocked(stopStack).mockImplementation(async () => (fail(new Error('stopped')), 1));
    const exit = new Promise((resolve) =>
      jest.spyOn(process, 'exit').mockImplementation(((code: number) => resolve(code)) as typeof process.exit),
    );
    stopWorldsOnSignal();
    const scene = FaultScene.create({ deadlineMs: 500, servers });
    const failure = expect(scene).rejects.toThrow('stopped');
    await eventually(() => jest.mocked(startStack).mock.calls.length > 0, 'the start of the stack');
    process.emit('SIGINT');
    expect(await exit).toBe(130);
    await failure;
    const directory = jest.mocked(startStack).mock.calls[0]?.[0].directory as string;
    expect(jest.mocked(stopStack).mock.calls).toEqual([[directory]]);
    expect(existsSync(directory)).toBe(false);
  });
});
