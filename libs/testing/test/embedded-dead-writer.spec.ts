import { spawnSync } from 'node:child_process';
import { temporaryDirectory, TEST_LIMIT_MS } from '../src';

/** Long enough for two processes that load the drivers on a loaded machine. */
const HUNG_AFTER_MS = 100_000;

/**
 * The first of two processes: both write, the second last, and is killed while it commits; then the first is closed. How such an
 * LMDB is left is made here, as the moment is too short to be hit: the number of the newest transaction, behind four bytes each of
 * magic and format, is still the one before, and the killed one's is in the data alone.
 */
const FIRST = `
  const { openSync, readSync, writeSync, closeSync } = require('node:fs');
  const { spawnSync } = require('node:child_process');
  const { join } = require('node:path');
  const [path, isSecond] = process.argv.slice(1);
  const secondIsKilled = (program) => {
    if (isSecond) return;
    const { status } = spawnSync(process.execPath, ['-e', program, path, 'second'], { stdio: 'inherit' });
    if (status !== 0) throw new Error('the second ended with ' + status);
    const file = openSync(join(path, 'lock.mdb'), 'r+');
    const newest = Buffer.alloc(8);
    readSync(file, newest, 0, 8, 8);
    newest.writeBigUInt64LE(newest.readBigUInt64LE() - 1n);
    writeSync(file, newest, 0, 8, 8);
    closeSync(file);
  };`;

const EVENT_LOG = `
  const { openEmbeddedEventLog } = require('@watchnext/event-log');
  (async () => {
    const log = openEmbeddedEventLog(path);
    await log.ensureTopics([{ name: 't.v1', partitionCount: 1 }]);
    for (let i = 0; i < 3; i++) await log.append('t.v1', [{ key: 'k', value: Buffer.from('value') }]);
    secondIsKilled(process._eval);
    await log.close();
  })();`;

const FEATURE_STORE = `
  const { openEmbeddedFeatureStore } = require('@watchnext/feature-store');
  (async () => {
    const store = openEmbeddedFeatureStore(path);
    const states = new Map([['ada', Buffer.from('state')]]);
    for (let i = 0; i < 3; i++) {
      const { mark } = await store.read(0, 'ada');
      await store.commit(0, { expected: mark, next: { topic: 't.v1', partition: 0, offset: (mark?.offset ?? 0) + 1 }, states });
    }
    secondIsKilled(process._eval);
    await store.close();
  })();`;

describe('an embedded driver whose other writer was killed while it committed', () => {
  // Where it waits for that writer it waits for ever, and not in its event loop (decision 185).
  it.each([
    ['event log', EVENT_LOG],
    ['feature store', FEATURE_STORE],
  ])(
    '%s is closed all the same',
    async (_, program) => {
      const directory = await temporaryDirectory('dead-writer');
      const options = { cwd: __dirname, encoding: 'utf8', timeout: HUNG_AFTER_MS, killSignal: 'SIGKILL' } as const;
      try {
        const { status, signal, stderr } = spawnSync(
          process.execPath,
          ['-e', FIRST + program, directory.path],
          options,
        );
        expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
      } finally {
        await directory.remove();
      }
    },
    TEST_LIMIT_MS,
  );
});
