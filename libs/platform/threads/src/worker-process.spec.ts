import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askWorker, startWorker } from './worker-process';

const [UNDOABLE, DEADLY, EXIT_CODE] = [0, 1, 3];

/** The program of a worker: it doubles a number, says of one that it fails, and ends at another. */
const DOUBLES = `
  process.on('message', ({ number }) => {
    if (number === ${UNDOABLE}) return process.send({ kind: 'failed', message: 'there is nothing to double' });
    if (number === ${DEADLY}) process.exit(${EXIT_CODE});
    process.send({ kind: 'progress', share: 0.5 });
    process.send({ kind: 'done', result: 2 * number });
  });`;

describe('a worker process', () => {
  let folder: string;
  let child: ChildProcess;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'watchnext-worker-process-'));
    const file = join(folder, 'program.js');
    writeFileSync(file, DOUBLES);
    child = startWorker({ file, execArgv: [] });
  });
  afterEach(() => {
    child.kill();
    rmSync(folder, { recursive: true });
  });

  const ask = (number: number, onProgress: (progress: { share: number }) => void = () => undefined) =>
    askWorker<{ share: number }, { result: number }>(child, { number }, onProgress);
  const failure = (message: string) => ({ name: 'WorkerError', message });

  it('does one task after the other, and says how far it is', async () => {
    const shares: number[] = [];
    expect(await ask(2, ({ share }) => shares.push(share))).toMatchObject({ result: 4 });
    expect(await ask(3)).toMatchObject({ result: 6 });
    expect(shares).toEqual([0.5]);
  });

  it('says that it failed, and takes the next task', async () => {
    await expect(ask(UNDOABLE)).rejects.toMatchObject(failure('there is nothing to double'));
    expect(await ask(2)).toMatchObject({ result: 4 });
  });

  it('fails what it is asked where it ends, and what it is asked after that', async () => {
    await expect(ask(DEADLY)).rejects.toMatchObject(failure(`a worker ended with code ${EXIT_CODE}`));
    await expect(ask(2)).rejects.toMatchObject(failure(`a worker ended with code ${EXIT_CODE}`));
  });

  it('fails what it is asked where it cannot be asked', async () => {
    child.disconnect();
    await expect(ask(2)).rejects.toMatchObject({
      name: 'WorkerError',
      message: expect.stringContaining('a worker cannot be asked: '),
    });
  });

  it('fails what it is asked where it has ended before', async () => {
    child.kill();
    await once(child, 'exit');
    await expect(ask(2)).rejects.toMatchObject(failure('a worker ended with SIGTERM'));
  });
});
