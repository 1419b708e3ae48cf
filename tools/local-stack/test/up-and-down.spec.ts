/** The whole life of a stack, through its command line's functions; needs Java, Redis and Kafka's jars. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '@watchnext/folder-lock';
import {
  endServer,
  missingForStack,
  readStack,
  StackExistsError,
  startServerAgain,
  startStack,
  stopStack,
} from '../src';

const LIMIT_MS = 300_000;
const missing = missingForStack({ kafka: true, redis: true, certificates: true });

describe('a local stack of Kafka and Redis', () => {
  if (missing.length > 0) {
    const name = `needs ${missing.join(', ')}`;
    if (process.env['CI'] === 'true') {
      it(name, () => {
        throw new Error(`${name}, and CI=true allows no skipping`);
      });
    } else {
      it.skip(name, () => undefined);
    }
    return;
  }

  it(
    'comes up, is told by its folder, comes back after a broker was killed, and leaves neither process nor data',
    async () => {
      const directory = mkdtempSync(join(tmpdir(), 'watchnext-stack-'));
      try {
        const stack = await startStack({ directory, brokerCount: 1, redis: 'standalone' });
        expect(stack.processes.map((one) => [one.name, isAlive(one)])).toEqual([
          ['kafka-1', true],
          ['redis', true],
        ]);
        expect(stack.environment).toEqual({
          WATCHNEXT_KAFKA_BROKERS: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
          WATCHNEXT_REDIS_URL: expect.stringMatching(/^redis:\/\/127\.0\.0\.1:\d+$/),
        });
        expect(readStack(directory)).toEqual(stack);
        await expect(startStack({ directory, brokerCount: 1, redis: 'none' })).rejects.toThrow(StackExistsError);

        await endServer(directory, 'kafka-1', 'SIGKILL');
        const restarted = await startServerAgain(directory, 'kafka-1');
        expect(restarted.port).toBe(stack.processes[0]?.port);
        expect(readStack(directory)?.processes[0]?.pid).toBe(restarted.pid);

        expect(await stopStack(directory)).toBe(2);
        for (const one of [restarted, ...stack.processes]) expect(isAlive(one)).toBe(false);
        expect(existsSync(join(directory, 'run'))).toBe(false);
        expect(readStack(directory)).toBeUndefined();
        const table = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).stdout ?? '';
        expect(table.includes(directory)).toBe(false);
      } finally {
        await stopStack(directory);
        rmSync(directory, { recursive: true, force: true });
      }
    },
    LIMIT_MS,
  );

  it(
    'gives a secured broker’s passwords to nobody but its owner',
    async () => {
      const directory = mkdtempSync(join(tmpdir(), 'watchnext-stack-'));
      try {
        const stack = await startStack({ directory, brokerCount: 1, redis: 'none', secureKafka: true });
        expect(stack.environment['WATCHNEXT_KAFKA_SASL_PASSWORD']).toBe(stack.security?.admin.password);
        expect(readFileSync(stack.security?.caFile as string, 'utf8')).toContain('BEGIN CERTIFICATE');
        const mode = spawnSync('stat', ['-c', '%a', join(directory, 'stack.json')], { encoding: 'utf8' }).stdout.trim();
        expect(mode).toBe('600');
      } finally {
        await stopStack(directory);
        rmSync(directory, { recursive: true, force: true });
      }
    },
    LIMIT_MS,
  );
});
