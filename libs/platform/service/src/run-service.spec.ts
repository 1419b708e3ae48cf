import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@watchnext/waiting/testing';
import { openEmbeddedEventLog } from '@watchnext/event-log';

/** A service that starts when it is told to, and says on stdout what becomes of it. */
const PROGRAM = `
  const { runService } = require(${JSON.stringify(join(__dirname, '..', 'dist', 'run-service.js'))});
  const say = (word) => process.stdout.write(word + '\\n');
  const logger = { info: ({ reason }, message) => say(message + ': ' + reason), error: (_, message) => say(message), warn: say };
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) process.on(event, () => say('told'));
  void runService(async () => {
    say('starting');
    await new Promise((resolve, reject) => process.stdin.on('data', (order) =>
      String(order) === 'start' ? resolve() : reject(new Error('the log refuses'))));
    return { app: { close: async () => say('closed') }, logger };
  });
`;

/** Ten seconds are half of one to it. */
const HASTY_PROGRAM = `
  const later = setTimeout;
  globalThis.setTimeout = (work, milliseconds) => later(work, milliseconds / 20);
  ${PROGRAM}`;

class Service {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  said = '';

  constructor(program = PROGRAM) {
    this.child = spawn(process.execPath, ['-e', program], { cwd: __dirname, stdio: ['pipe', 'pipe', 'pipe', 'ipc'] });
    const streams = [this.child.stdout!, this.child.stderr!];
    for (const stream of streams) stream.on('data', (text) => (this.said += text));
    const ended = Promise.all([once(this.child, 'exit'), ...streams.map((stream) => once(stream, 'close'))]);
    this.ended = ended.then(([[code, signal]]: unknown[][]) => code ?? signal);
  }

  until(word: string): Promise<void> {
    return eventually(() => this.said.includes(word), `"${word}" from the service`);
  }

  tell(order: 'start' | 'fail'): void {
    this.child.stdin!.write(order);
  }
}

describe('a service that is run', () => {
  let service: Service;
  beforeEach(async () => {
    service = new Service();
    await service.until('starting');
  });
  afterEach(() => service.child.kill('SIGKILL'));

  it('tells its parent that it is ready, and is closed by a signal', async () => {
    const ready = once(service.child, 'message');
    service.tell('start');
    expect(await ready).toEqual([{ kind: 'ready' }, undefined]);
    service.child.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(service.said).toBe('starting\ntold\nstopping: SIGTERM\nclosed\n');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'is closed once it has started, where %s came before that',
    async (signal) => {
      const told = jest.fn();
      service.child.on('message', told);
      service.child.kill(signal);
      await service.until('told');
      service.tell('start');
      expect(await service.ended).toBe(0);
      expect(service.said).toBe(`starting\ntold\nstopping: ${signal}\nclosed\n`);
      expect(told).not.toHaveBeenCalled();
    },
  );

  it('is closed once it has started, where its parent went before that', async () => {
    service.child.disconnect();
    await service.until('told');
    service.tell('start');
    expect(await service.ended).toBe(0);
    expect(service.said).toBe('starting\ntold\nstopping: parent gone\nclosed\n');
  });

  it('is ended where it does not start in time after a signal', async () => {
    service.child.kill('SIGKILL');
    service = new Service(HASTY_PROGRAM);
    await service.until('starting');
    service.child.kill('SIGTERM');
    expect(await service.ended).toBe(1);
    expect(service.said).toBe('starting\ntold\nasked to stop while starting, and did not start within 10000 ms\n');
  });

  it('says why it did not start, though it was to stop', async () => {
    service.child.kill('SIGTERM');
    service.tell('fail');
    expect(await service.ended).toBe(1);
    expect(service.said).toContain('the log refuses');
  });
});

describe('a service whose state is unknown', () => {
  let folder: string;
  let logFolder: string;
  let child: ChildProcess;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'watchnext-run-service-'));
    logFolder = join(folder, 'event-log');
  });
  afterEach(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  const MODULES = ['dist/run-service.js', '../event-log/dist/index.js'].map((file) => join(__dirname, '..', file));

  /** Loaded on each thread before its program. The log's writes a file amid its second transaction, which is that of the second append. */
  const tellingOf = (file: string) => `
    const lmdb = require(${JSON.stringify(require.resolve('lmdb'))});
    const { open } = lmdb;
    let transactionCount = 0;
    if (!require('node:worker_threads').isMainThread) lmdb.open = (...options) => {
      const root = open(...options);
      const { transactionSync } = root;
      root.transactionSync = (work) => transactionSync.call(root, () => {
        if (++transactionCount === 2) require('node:fs').writeFileSync(${JSON.stringify(file)}, '');
        return work();
      });
      return root;
    };`;

  /** A service that appends so many records in one transaction, and fails by `failure` amid it or once it is over. */
  async function endOf(
    recordCount: number,
    failure: string,
    when: 'amid' | 'after',
  ): Promise<Record<'end' | 'said' | 'errors', unknown>> {
    const [telling, amid] = ['telling.js', 'amid'].map((name) => join(folder, name)) as [string, string];
    writeFileSync(telling, tellingOf(amid));
    const program = `
      const { existsSync } = require('node:fs');
      const [{ runService }, { openEmbeddedEventLog }] = ${JSON.stringify(MODULES)}.map((file) => require(file));
      const say = (word) => process.stdout.write(word + '\\n');
      const logger = { info: say, fatal: ({ err }, message) => say(message + ': ' + err.message) };
      const log = openEmbeddedEventLog(${JSON.stringify(logFolder)});
      void runService(async () => {
        await log.ensureTopics([{ name: 't.v1', partitionCount: 1 }]);
        const record = { key: 'k', value: Buffer.from('value') };
        await log.append('t.v1', [record]);
        const fail = () => { ${failure} };
        const appended = log.append('t.v1', Array.from({ length: ${recordCount} }, () => record));
        if (${when === 'after'}) void appended.then(() => setImmediate(fail));
        else setInterval(() => existsSync(${JSON.stringify(amid)}) && fail(), 5);
        return { app: { close: () => log.close() }, logger };
      });`;
    child = spawn(process.execPath, ['-r', telling, '-e', program], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    let errors = '';
    child.stdout!.on('data', (text) => (said += text));
    child.stderr!.on('data', (text) => (errors += text));
    const [code, signal] = (await once(child, 'close')) as unknown[];
    return { end: code ?? signal, said, errors };
  }

  const appended = async () => {
    const log = openEmbeddedEventLog(logFolder);
    try {
      return await log.append('t.v1', [{ key: 'k', value: Buffer.from('after') }]);
    } finally {
      await log.close();
    }
  };

  it.each([
    ['an unhandled rejection', `void Promise.reject(new Error('of the spec'))`, 'unhandled rejection'],
    ['an exception that nothing catches', `throw new Error('of the spec')`, 'uncaught exception'],
  ])(
    'ends by %s amid a large transaction of the embedded log, and leaves the log to others',
    async (_, failure, says) => {
      // Seconds of one.
      expect(await endOf(1_000_000, failure, 'amid')).toEqual({
        end: 'SIGKILL',
        said: `${says}: of the spec\n`,
        errors: expect.stringMatching(/^a thread is amid a call/),
      });
      expect(await appended()).toEqual([{ partition: 0, offset: 1 }]);
    },
  );

  it('ends with 1 where its threads are soon at rest', async () => {
    const failure = `void Promise.reject(new Error('of the spec'))`;
    expect(await endOf(1_000, failure, 'after')).toEqual({
      end: 1,
      said: 'unhandled rejection: of the spec\n',
      errors: '',
    });
    expect(await appended()).toEqual([{ partition: 0, offset: 1_001 }]);
  });
});
